"""Authorize a step of a request, with current facts and current rules."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Self

from bot.core.facts import SlackFacts, SlackQuery
from bot.core.model import Action, Channel, Decision, Person, Subject, Verdict
from bot.core.records.delegations import Delegation
from bot.core.records.incidents import Review
from bot.core.requests.approval import Tally
from bot.core.requests.decision import request_action, with_rules_of_now
from bot.core.requests.incoming import Incoming, Kind
from bot.core.requests.request import Mode, Request, Vote
from bot.errors import BotError, Refused, Unavailable
from bot.pipeline.authorization.ballots import count_votes
from bot.pipeline.authorization.case import Case, WantedGroups
from bot.pipeline.authorization.checks import CHECKS_BY_STEP
from bot.pipeline.authorization.decision import Forbidden
from bot.pipeline.authorization.plan_drift import drift
from bot.pipeline.authorization.steps import RefusalKind, Step, StepRefused
from bot.pipeline.environment import Environment

OUTLIVE_INCIDENTS: Final = frozenset({Step.DENY, Step.COUNTDOWN_END, Step.UNDO, Step.REVIEW, Step.FOLLOW_UP})
"""Steps to which the rules of the request's incident apply even after its end, unless another incident is active."""
LEAD_TO_CHANGE: Final = frozenset({Step.VOTE, Step.CONFIRM, Step.REVEAL, Step.START, Step.COUNTDOWN_END})
"""Steps that lead to the change itself, so the database must still be as planned."""
START_COMPARES: Final = frozenset({Step.VOTE, Step.CONFIRM})
"""Steps after which the start or the reveal checks for plan drift again."""
TYPED_JUST_NOW: Final = timedelta(seconds=30)
COMPARE_SECONDS: Final = 2.0
"""How long a vote or a confirmation waits for the plan-drift check, in seconds. The start or the reveal repeats it."""


@dataclass(frozen=True, slots=True)
class Authorization:
    """Whether a step may be taken now, with the decision and its facts."""

    case: Case
    decision: Decision
    """The current decision on the requester's action. For a follow-up, on the action of the person who acts.

    `UNDO_ALLOWED` for an undo that is allowed. A denial without a reason if the step was refused without a decision.
    """
    refusal: RefusalKind | None = None
    why: str = ""

    @property
    def allowed(self) -> bool:
        """Return True if the step may be taken now."""
        return self.refusal is None

    @property
    def subject(self) -> Subject:
        """Return the person who acts, or the requester if nobody does, in the request's channel."""
        case = self.case
        person = case.facts.people.get(case.presser) or Person(case.presser, "")
        return Subject(person, case.facts.channel or Channel(case.request.channel_id), case.facts.groups, case.profile)

    @property
    def request(self) -> Request:
        """Return the request with the stricter of its own and the current rules' conditions."""
        return with_rules_of_now(self.case.request, self.decision)

    def require_allowed(self) -> Self:
        """Return this authorization if the step is allowed.

        Raises:
            Unavailable: Slack, Turso or an on-call service didn't respond, so no decision is possible now.
            Forbidden: the rules deny the step.
            Refused: the step isn't allowed for another reason, or the database has changed.
        """
        if self.refusal is RefusalKind.UNKNOWN:
            raise Unavailable(self.why)
        if self.refusal is not None and self.decision.verdict is Verdict.DENY and self.decision.reason:
            raise Forbidden(self.decision, self.case.action)
        if self.refusal is not None:
            raise Refused(self.why)
        return self

    def count(self, votes: Iterable[Vote]) -> Tally:
        """Count votes with the facts of this authorization. Votes of people who weren't looked up don't count."""
        return count_votes(self.case, self.decision, votes)


async def authorize(
    env: Environment,
    request: Request,
    step: Step,
    *,
    actor: Incoming | None = None,
    action: Action | None = None,
    review: Review | None = None,
    compares: bool = True,
) -> Authorization:
    """Decide whether a step may be taken now. It is refused if a required fact is unknown.

    An exception is a vote or a confirmation for at most one database if plan drift can't be checked now, because the
    start or the reveal checks for it again.

    Args:
        actor: the click or command of the person who acts. None for a timer or a workflow.
        action: the operation of a follow-up.
        review: the review that the person is about to write or has written.
        compares: whether to check for plan drift, if the step leads to the change.
    """
    profile = await _profile(env, request, step)
    typed = actor is not None and _has_just_typed(actor, request, env.clock.now())
    delegations = await _delegations(env, request, step, actor)

    def case(facts: SlackFacts) -> Case:
        groups = WantedGroups(facts.groups)
        meant = replace(action, organization=request.organization) if action else request_action(request)
        return Case(step, request, actor, meant, review, env.rules.policy, profile, facts, groups, typed, delegations)

    shifts = _shifts_at_start(request) if step is Step.COUNTDOWN_END else {}
    presumed = case(_presumed(request, actor, delegations, shifts))
    _answer(presumed)
    facts = (await env.directory.look_up(_query(presumed))).with_groups(shifts)
    now = case(facts)
    answer = _answer(now)
    while missing := now.groups.missing:
        facts = facts.with_groups(
            (await env.directory.look_up(SlackQuery("", frozenset(), missing, members=False))).groups
        )
        now = case(facts)
        answer = _answer(now)
    return await _compared(env, answer) if answer.allowed and compares and step in LEAD_TO_CHANGE else answer


async def _profile(env: Environment, request: Request, step: Step) -> str | None:
    """Return the profile of the active incident, or of the one in which the request was made. None if none applies."""
    running = await env.store.incidents.running_in(request.channel_id)
    if running is not None and running.until > env.clock.now():
        return env.rules.policy.profile_of(running)
    if not request.incident_id or (step not in OUTLIVE_INCIDENTS and not request.plan.settles):
        return None
    begun_in = await env.store.incidents.get(request.incident_id)
    is_here = begun_in is not None and begun_in.channel_id == request.channel_id
    return env.rules.policy.profile_of(begun_in) if begun_in and is_here else None


def _has_just_typed(actor: Incoming, request: Request, now: datetime) -> bool:
    """Return True for a command typed in the channel a moment ago. Only members can do that, so it isn't looked up."""
    is_line = actor.kind in (Kind.COMMAND, Kind.MENTION) and actor.channel_id == request.channel_id
    return is_line and now - actor.at < TYPED_JUST_NOW


async def _delegations(
    env: Environment, request: Request, step: Step, actor: Incoming | None
) -> tuple[Delegation, ...]:
    """Return the delegations under which the person who acts, or a voter, may act for someone else.

    At the end of a countdown, return the delegations under which the votes were cast, even if they have expired since,
    because the operation has already started.
    """
    now = env.clock.now()
    if step is Step.COUNTDOWN_END:
        ended = [(vote.on_behalf_of, vote.user_id) for vote in request.votes if vote.on_behalf_of]
        return tuple(Delegation(person, delegate, request.created_at, now) for person, delegate in ended)
    people = {vote.user_id for vote in request.votes} | ({actor.user_id} if actor else set())
    if request.mode is not Mode.APPROVAL:
        return ()
    return tuple(one for one in await env.store.delegations.active(now) if one.delegate in people)


def _shifts_at_start(request: Request) -> dict[str, frozenset[str] | None]:
    """Return the people who were on call when they or their delegate approved, by schedule.

    The current shifts aren't used, because they may have changed since the operation started.
    """
    shifts: dict[str, frozenset[str] | None] = {}
    for vote in request.votes:
        for key in vote.schedules.split():
            shifts[key] = (shifts.get(key) or frozenset()) | {vote.on_behalf_of or vote.user_id}
    return shifts


def _presumed(
    request: Request,
    actor: Incoming | None,
    delegations: Iterable[Delegation],
    shifts: Mapping[str, frozenset[str] | None],
) -> SlackFacts:
    """Return assumed facts with which no step is refused because a person or the channel's members are unknown.

    Deciding with them shows which groups must be looked up.
    """
    people = {request.requester, *(vote.user_id for vote in request.votes), *([actor.user_id] if actor else [])}
    people |= {one.person for one in delegations}
    return SlackFacts(Channel(request.channel_id), frozenset(people), {one: Person(one, "") for one in people}, shifts)


def _query(presumed: Case) -> SlackQuery:
    """Return the people and groups to look up. Each takes a call to Slack, so unneeded ones are left out."""
    request = presumed.request
    voters = {vote.user_id for vote in request.votes if vote.approves}
    people = frozenset({request.requester, presumed.presser, *voters, *(one.person for one in presumed.delegations)})
    members = not (presumed.typed and people == {presumed.presser})
    return SlackQuery(request.channel_id, people, presumed.groups.missing, members, presumed.actor)


def _answer(case: Case) -> Authorization:
    try:
        return Authorization(case, CHECKS_BY_STEP[case.step](case))
    except StepRefused as refused:
        return Authorization(case, refused.decision or Decision(Verdict.DENY, ""), refused.kind, refused.why)


async def _compared(env: Environment, answer: Authorization) -> Authorization:
    """Check for plan drift. The step is refused if there is any, or if Turso can't be read.

    A vote or a confirmation for at most one database is allowed even if Turso can't be read, because the start or the
    reveal checks again.
    """
    step, request = answer.case.step, answer.case.request
    try:
        ctx = env.context(answer.subject, organization=request.organization)
        async with asyncio.timeout(COMPARE_SECONDS if step in START_COMPARES else None):
            changed = await drift(ctx, request.plan, env.by_name[request.command], checks_size=step is Step.START)
    except (BotError, TimeoutError) as error:
        if step in START_COMPARES and len(request.plan.databases) < 2:
            return answer
        return replace(
            answer,
            refusal=RefusalKind.UNKNOWN,
            why=str(error) or "Turso didn't respond in time. Try again in a moment.",
        )
    return replace(answer, refusal=RefusalKind.CHANGED, why=changed) if changed else answer
