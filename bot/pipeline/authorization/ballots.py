"""Count votes, and record why a new voter is an approver."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from bot.core.approvers import ApproverSet
from bot.core.model import Decision, Person
from bot.core.oncall import is_schedule
from bot.core.policy import acts_for, is_on
from bot.core.requests.approval import Tally
from bot.core.requests.ballots import Ballots, count
from bot.core.requests.request import Vote
from bot.pipeline.authorization.case import Case


def count_votes(case: Case, decision: Decision, votes: Iterable[Vote]) -> Tally:
    """Count the votes of people who may approve and are in the channel, according to the facts of the case."""
    return _ballots(case, decision, votes).tally


def _ballots(case: Case, decision: Decision, votes: Iterable[Vote]) -> Ballots:
    return count(
        case.policy,
        decision.approvers,
        votes,
        requester=case.request.requester,
        quorum=decision.quorum,
        people=case.facts.people,
        inside=case.facts.channel_members or (),
        approvers_of=case.approvers_of,
    )


def ballot(case: Case, decision: Decision, at: datetime) -> Vote:
    """Return the approval of the person who acts, with the approver and the schedules that let them vote.

    A delegate of several approvers votes on behalf of one whose approval is still missing, if there is one.
    """
    person, panel = case.person(case.presser, "your"), decision.approvers
    approver = person if is_on(case.policy, panel, person) else None
    if approver is None:
        others = [vote for vote in case.request.votes if vote.user_id != person.id]
        counted = _ballots(case, decision, others).votes
        taken = {vote.on_behalf_of or vote.user_id for vote in counted if vote.approves}
        in_order = sorted(case.approvers_of(person.id), key=lambda one: one.id in taken)
        approver = acts_for(case.policy, panel, person, in_order)
    behalf = approver.id if approver and approver.id != person.id else ""
    return Vote(case.request.id, person.id, True, at, on_behalf_of=behalf, schedules=_schedules(case, panel, approver))


def _schedules(case: Case, panel: ApproverSet, approver: Person | None) -> str:
    """Return the keys of the schedules without which a person wouldn't be an approver."""
    shifts = [group for group, ids in case.facts.groups.items() if is_schedule(group) and approver and ids]
    mine = sorted(group for group in shifts if approver and approver.id in (case.facts.groups[group] or ()))
    without = replace(panel, groups={key: ids for key, ids in case.facts.groups.items() if key not in shifts})
    return "" if approver is None or is_on(case.policy, without, approver) else " ".join(mine)
