"""Decide on a command line before it is run."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from bot.commands._sources import with_sources
from bot.commands.base import Command, Context
from bot.core.actions import action_of
from bot.core.model import Action, Decision, Subject, Target, Verdict
from bot.core.parsing.parse_results import Incomplete
from bot.core.policy import depends_on_names, rights_of
from bot.core.records.holds import Hold, HoldKind
from bot.core.requests.incoming import Incoming
from bot.core.requests.request import Request, State
from bot.errors import BotError, Unavailable
from bot.pipeline.authorization.authorize import authorize
from bot.pipeline.authorization.decision import Forbidden, judge
from bot.pipeline.authorization.steps import RefusalKind, Step
from bot.pipeline.environment import Environment
from bot.turso import DatabaseNotFound

_FORM: Final[Mapping[Verdict, str]] = {
    Verdict.ALLOW: "You can use this here. The form asks for the rest.",
    Verdict.BREAK_GLASS: "You can use break-glass access here. The form asks for the rest.",
    Verdict.APPROVE: "You can request this here. The form asks for the rest.",
}
"""The sentences about a line that needs a form, with the best verdict first."""


async def decide_line(env: Environment, subject: Subject, action: Action) -> tuple[Decision, Action]:
    """Decide on a command line. Looks up a database's group and sources only if the rules depend on them.

    Returns:
        The decision, and the action with the groups and sources that are known.
    Raises:
        DatabaseNotFound: the database is a branch of one that isn't visible in this channel, so it is hidden, too.
        BotError: Turso doesn't respond.
    """
    if action.databases and needs_facts(env, subject, action.command):
        ctx = env.context(subject)
        action = replace(
            action, databases=tuple([await _with_group_and_sources(ctx, target) for target in action.databases])
        )
    return judge(env, subject, action), action


def needs_facts(env: Environment, subject: Subject, command: str) -> bool:
    """Return True if a decision may depend on the database's group or sources."""
    policy = env.rules.policy
    return policy.scope(subject).needs_group or depends_on_names(policy, subject, command)


async def require_line_allowed(env: Environment, subject: Subject, action: Action) -> tuple[Decision, Action]:
    """Decide on a command line before it is run or planned. Raises Forbidden if it is denied.

    Also raises the errors of `decide_line`.
    """
    decision, action = await decide_line(env, subject, action)
    if decision.verdict is Verdict.DENY:
        raise Forbidden(decision, action, subject)
    return decision, action


def decide_incomplete(env: Environment, subject: Subject, read: Incomplete[Command]) -> tuple[Decision, Action]:
    """Decide on a line with missing arguments. Its form may open if the complete line could be allowed."""
    action = action_of(read.spec.name, read.args)
    decision = judge(env, subject, action)
    if decision.verdict is Verdict.DENY:
        verdicts = {right.verdict for right in rights_of(env.rules.policy, subject, [read.spec])}
        best = next((verdict for verdict in _FORM if verdict in verdicts), None)
        decision = Decision(best, _FORM[best]) if best else decision
    return decision, action


async def _with_group_and_sources(ctx: Context, target: Target) -> Target:
    """Add the group and the sources to a database in the channel's scope. Other databases are returned unchanged.

    A branch that is to be created gets the group of its source. Raises DatabaseNotFound for a branch whose source is
    outside the scope.
    """
    if target.group is not None or not (ctx.scope.needs_group or ctx.scope.covers(Target(target.name))):
        return target
    try:
        database = await ctx.turso.database(target.sources[0] if target.sources else target.name)
    except DatabaseNotFound:
        return target
    found = await with_sources(ctx.turso, database)
    if not ctx.scope.covers(found):
        if ctx.scope.covers(replace(found, sources=())):
            raise DatabaseNotFound(found.name)
        return target
    return Target(target.name, found.group, (found.name, *found.sources)) if target.sources else found


async def own_undo(env: Environment, incoming: Incoming, command: Command, args: Any) -> Request | None:
    """Return the request whose quarantine a line ends, if the person may undo it even without permission to `restore`.

    None if they may not, if there is no such request of this channel, or if the name no longer belongs to its database.

    Raises:
        Unavailable: Slack or an on-call service didn't return something that the decision needs.
    """
    if not command.undoes:
        return None
    for hold in await env.store.holds.find(database=args.name):
        request = await env.store.requests.get(hold.request_id) if hold.kind is HoldKind.QUARANTINE else None
        if request and request.state is State.QUARANTINED and request.channel_id == incoming.channel_id:
            answer = await authorize(env, request, Step.UNDO, actor=incoming)
            if answer.refusal is RefusalKind.UNKNOWN:
                raise Unavailable(answer.why)
            if answer.allowed and await _is_there(env, hold):
                return request
    return None


async def _is_there(env: Environment, hold: Hold) -> bool:
    """Return True if the database with the hold's name still has the hold's `DbId`.

    True if Turso doesn't respond, because Undo checks again.
    """
    try:
        return (await env.turso_clients.turso(hold.organization).database(hold.database)).id == hold.database_id
    except DatabaseNotFound:
        return False
    except BotError:
        return True
