"""What the requester may do and see here, so that only buttons that work are shown. Clicks are authorized again."""

from collections.abc import Iterable
from dataclasses import replace

from bot.commands.base import Context
from bot.core.model import Action, Channel, Decision, Lifetime, Person, Subject, Target, Verdict
from bot.core.policy import Right, decide, rights_of
from bot.core.requests.ballots import can_approve
from bot.core.requests.decision import databases_of, decide_request
from bot.core.requests.request import Mode, Request, State


def judge(
    ctx: Context,
    command: str,
    *targets: Target,
    options: Iterable[str] = (),
    lifetime: Lifetime | None = None,
) -> Decision:
    """Return the decision on a command as if the requester had typed it."""
    return decide(ctx.policy, ctx.subject, Action(command, frozenset(options), targets, lifetime))


def may(ctx: Context, command: str, *targets: Target, options: Iterable[str] = ()) -> bool:
    """Return True if the requester may run or request a command here."""
    return judge(ctx, command, *targets, options=options).verdict is not Verdict.DENY


def rights_here(ctx: Context) -> tuple[Right, ...]:
    """Return the requester's permissions here, in the order of `help`."""
    return rights_of(ctx.policy, ctx.subject, [command for command in ctx.table if not command.hidden])


def may_use(ctx: Context, command: str) -> bool:
    """Return True if the requester may run or request any variant of a command here."""
    return bool(rights_of(ctx.policy, ctx.subject, [one for one in ctx.table if one.name == command]))


def unknown_here(ctx: Context) -> list[str]:
    """Return the user groups and on-call schedules in this channel's rules that couldn't be looked up."""
    return sorted(group for group, members in ctx.subject.groups.items() if members is None)


def is_visible(ctx: Context, request: Request) -> bool:
    """Return True if a request is only about databases of this channel.

    A request without databases must have been made here.
    """
    targets = databases_of(request.plan)
    same = request.organization == ctx.organization and all(ctx.scope.covers(target) for target in targets)
    return same if targets else request.channel_id == ctx.subject.channel.id


async def may_approve(ctx: Context, request: Request) -> bool:
    """Return True if the person who runs this command could approve that request, as far as is known without Slack.

    False if a vote of theirs already counts.
    """
    me = ctx.subject.person.id
    waits = request.state is State.PENDING and request.mode is Mode.APPROVAL
    if not waits or me == request.requester:
        return False
    panel = decide_request(ctx.policy, await _requester_of(ctx, request), request).approvers
    away = [one.person for one in await ctx.store.delegations.active(ctx.now) if one.delegate == me]
    approvers = [Person(one, ctx.subject.person.team_id) for one in away]
    return can_approve(ctx.policy, panel, ctx.subject.person, approvers, request.votes)


async def as_counted(ctx: Context, request: Request) -> Request:
    """Return a request with the votes that count now, as its card shows them. Unchanged if Slack doesn't respond."""
    return await ctx.counted(request) if ctx.counted else request


async def _requester_of(ctx: Context, request: Request) -> Subject:
    """Return the requester of a request as a subject, without a call to Slack. Pressing Approve looks them up again."""
    here = ctx.subject.channel
    channel = here if request.channel_id == here.id else Channel(request.channel_id)
    incident = await ctx.store.incidents.running_in(request.channel_id)
    running = ctx.policy.profile_of(incident) if incident and incident.until > ctx.now else None
    person = Person(request.requester, request.requester_team)
    return replace(ctx.subject, person=person, channel=channel, incident_profile=running)
