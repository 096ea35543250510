"""The checks that authorize each step, from facts that are already loaded.

They apply the built-in limits, the ceiling and the rules to every person involved.
"""

from collections.abc import Callable, Mapping
from typing import Final

from bot.commands.databases import restore
from bot.core.approvers import ApproverSet
from bot.core.model import Action, Decision, Subject, Verdict
from bot.core.policy import People, acts_for, is_on, refuses_person, undo_approvers
from bot.core.policy.built_in_limits import refuses_place
from bot.core.requests.decision import databases_of, decide_request, request_action
from bot.core.requests.request import Mode
from bot.pipeline.authorization.ballots import count_votes
from bot.pipeline.authorization.case import Case
from bot.pipeline.authorization.decision import judge_by
from bot.pipeline.authorization.steps import RefusalKind, Step, StepRefused

REQUESTERS: Final = "the requester's"
"""The argument `whose` of `Case.person` and `Case.subject` for the requester."""
OWN: Final = "You can't approve or deny your own request. Someone else must decide, or you can withdraw it."
OWN_REVIEW: Final = "You can't review your own break-glass operation. Someone else must."

LOST_APPROVAL: Final = "Someone who approved this is no longer allowed to approve it."
TOO_FEW_APPROVALS: Final = "The policy requires more approvals for this than it has."

_APPROVAL: Final = "The policy now requires approval for this."
_REVIEW: Final = "The policy now requires a reason and a review for this. Ask again and give a reason."
ASKS_FOR_MORE: Final[Mapping[tuple[Mode, Verdict], str]] = {
    (Mode.DIRECT, Verdict.APPROVE): _APPROVAL,
    (Mode.DIRECT, Verdict.BREAK_GLASS): _REVIEW,
    (Mode.APPROVAL, Verdict.BREAK_GLASS): _REVIEW,
    (Mode.BREAK_GLASS, Verdict.APPROVE): _APPROVAL,
}
"""The refusals if the rules now require something that they didn't require when the request was made.

An approval doesn't replace a review, and a review doesn't replace an approval.
"""


def _decide_as_new(case: Case) -> Decision:
    """Decide on the request as if it were made now. Raises StepRefused if it is denied, or the rules require more."""
    requester = case.subject(case.request.requester, REQUESTERS)
    decision = decide_request(case.policy, requester, case.request)
    if decision.verdict is Verdict.DENY:
        raise case.refuse_request(decision)
    case.require_member(case.request.requester, "You are" if case.actor and _is_own(case) else "The requester is")
    if more := ASKS_FOR_MORE.get((case.request.mode, decision.verdict)):
        raise StepRefused(RefusalKind.NOT_ALLOWED, more, decision)
    if missing := decision.missing(reason=case.request.reason, ticket=case.request.ticket):
        what = " and ".join(f"a {detail}" for detail in missing)
        raise StepRefused(
            RefusalKind.NOT_ALLOWED, f"The policy now requires {what} for this. Request it again.", decision
        )
    return decision


def _is_own(case: Case) -> bool:
    return case.presser == case.request.requester


def _vote(case: Case) -> Decision:
    return _by_approver(case, _decide_as_new(case))


def _deny(case: Case) -> Decision:
    decision = decide_request(case.policy, case.subject(case.request.requester, REQUESTERS), case.request)
    if decision.verdict is Verdict.DENY:
        raise case.refuse_request(decision)
    return _by_approver(case, decision)


def _by_approver(case: Case, decision: Decision) -> Decision:
    person = case.person(case.presser, "your")
    if person.human == case.person(case.request.requester, REQUESTERS).human:
        raise StepRefused(RefusalKind.NOT_ALLOWED, OWN)
    on_panel = is_on(case.policy, decision.approvers, person)
    if not on_panel and not acts_for(case.policy, decision.approvers, person, case.approvers_of(person.id)):
        for delegation in case.delegations:
            if delegation.delegate == person.id:  # Slack may not have returned what their approver needs
                case.require_member(person.id, "You are")
                case.person(delegation.person, "an approver's")
        raise case.refuse("You aren't an approver for this request. Nothing was changed.", decision)
    case.require_member(person.id, "You are")
    return decision


def _confirm(case: Case) -> Decision:
    if not _is_own(case):
        raise StepRefused(RefusalKind.NOT_ALLOWED, "Only the requester can do this.")
    return _decide_as_new(case)


def _remind(case: Case) -> Decision:
    if not _is_own(case):
        raise StepRefused(RefusalKind.NOT_ALLOWED, "Only the requester can send a reminder.")
    return _decide_as_new(case)


def _reveal(case: Case) -> Decision:
    if not _is_own(case):
        raise StepRefused(RefusalKind.NOT_ALLOWED, "Only the requester can reveal this token.")
    return _start(case)


def _start(case: Case) -> Decision:
    """Decide whether a request may start or, at the end of its countdown, destroy the database.

    If the rules require approval, the recorded votes must still be enough.
    """
    decision = _decide_as_new(case)
    votes = count_votes(case, decision, case.request.votes)
    if decision.verdict is not Verdict.APPROVE or votes.reached:
        return decision
    for vote in case.request.votes:
        case.person(vote.user_id, "an approver's")
    raise case.refuse(LOST_APPROVAL if votes.discounted else TOO_FEW_APPROVALS, decision)


def _undo(case: Case) -> Decision:
    """Decide whether the actor may undo the quarantine.

    The requester, the approvers, the people in `undo_by`, and anyone who may `restore` here without approval can.
    """
    actor = case.subject(case.presser, "your")
    if refusal := refuses_person(case.policy, actor.person) or refuses_place(case.policy, actor, restore.command.name):
        raise StepRefused(RefusalKind.NOT_ALLOWED, refusal)
    if not _may_undo(case, actor):
        raise case.refuse("Only the requester, an approver, or someone who can use `restore` here can undo this.")
    case.require_member(actor.person.id, "You are")
    return UNDO_ALLOWED


def _may_undo(case: Case, actor: Subject) -> bool:
    requester, action = case.subject(case.request.requester, REQUESTERS), request_action(case.request)
    decision = decide_request(case.policy, requester, case.request)
    own = ApproverSet((People(users=frozenset({requester.person.id})),))
    panels = (own, *undo_approvers(case.policy, requester, action, decision))
    if any(is_on(case.policy, panel, actor.person) for panel in panels):
        return True
    undoing = Action(restore.command.name, databases=databases_of(case.request.plan))
    return judge_by(case.policy, actor, undoing).verdict is Verdict.ALLOW


UNDO_ALLOWED: Final = Decision(Verdict.ALLOW, "You can undo this quarantine without approval.")
"""The decision for people who may undo a quarantine, whatever the rules say about `restore`."""


def _review(case: Case) -> Decision:
    """Decide on a review by the current rules.

    If the rules no longer name reviewers for this operation, the reviewers at the time of the operation are used. If
    they name only a group that is empty now, for example between two shifts, nobody can review.
    """
    assert case.review is not None, "the step REVIEW has a review"
    person = case.person(case.presser, "your")
    if person.human in (case.review.actor, case.person(case.request.requester, REQUESTERS).human):
        raise StepRefused(RefusalKind.NOT_ALLOWED, OWN_REVIEW)
    actor = case.subject(case.presser, "your")
    if refusal := refuses_place(case.policy, actor, case.request.command):
        raise StepRefused(RefusalKind.NOT_ALLOWED, refusal)
    decision = decide_request(case.policy, case.subject(case.request.requester, REQUESTERS), case.request)
    if decision.verdict is not Verdict.BREAK_GLASS and case.groups.silent:
        raise case.refuse("You aren't a reviewer for this.")
    named_then = ApproverSet((People(users=frozenset(case.review.reviewers)),))
    panel = decision.reviewers if decision.reviewers.all_of else named_then
    if not is_on(case.policy, panel, actor.person):
        raise case.refuse("You aren't a reviewer for this.")
    case.require_member(actor.person.id, "You are")
    return decision


def _follow_up(case: Case) -> Decision:
    actor = case.subject(case.presser, "your")
    case.require_member(actor.person.id, "You are")
    decision = judge_by(case.policy, actor, case.action)
    if decision.verdict is Verdict.DENY:
        raise case.refuse(decision.reason, decision)
    return decision


CHECKS_BY_STEP: Final[Mapping[Step, Callable[[Case], Decision]]] = {
    Step.VOTE: _vote,
    Step.DENY: _deny,
    Step.CONFIRM: _confirm,
    Step.REMIND: _remind,
    Step.REVEAL: _reveal,
    Step.START: _start,
    Step.COUNTDOWN_END: _start,
    Step.UNDO: _undo,
    Step.REVIEW: _review,
    Step.FOLLOW_UP: _follow_up,
}
