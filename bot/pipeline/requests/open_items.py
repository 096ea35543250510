"""Handle the buttons of open items: thaw a freeze, rotate tokens, keep or discard a copy."""

from dataclasses import replace

from bot.commands._lines import command_line
from bot.commands.databases import thaw
from bot.commands.follow_up import FollowUp
from bot.commands.rewind import rewind, rewind_discard, rewind_keep
from bot.commands.rewind._rewinds import Rewind
from bot.commands.tokens import rotate
from bot.core.actions import action_of
from bot.core.requests.decision import databases_of
from bot.core.requests.incoming import Incoming
from bot.core.requests.request import Request, State
from bot.errors import BadInput, Refused
from bot.pipeline.approval.presses import may_be_pressed_in, require_access
from bot.pipeline.authorization.authorize import Authorization, authorize
from bot.pipeline.authorization.steps import Step
from bot.pipeline.environment import Environment
from bot.pipeline.requests import command_lines


async def thaw_hold(env: Environment, incoming: Incoming) -> str:
    """Handle Thaw: request the end of a freeze, in its channel and by that channel's rules."""
    await require_access(env, incoming, "thaw")
    hold = await env.store.holds.get(incoming.value) if incoming.value else None
    request = await env.store.requests.get(hold.request_id) if hold else None
    if hold is None or request is None:
        raise BadInput("I can't find this freeze. `/turso ls` shows what is frozen.")
    if hold.released_at is not None:
        raise Refused(f"There is nothing to thaw. The freeze on `{hold.database}` is over.")
    about = FollowUp(hold.database_id, hold)
    return await request_follow_up(env, incoming, request, command_line(thaw.command.name, hold.database), about)


async def revoke_tokens_of(env: Environment, incoming: Incoming) -> str:
    """Handle Rotate: request the rotation that revokes an active token issued by Turso Ops."""
    await require_access(env, incoming, "rotate")
    request = await env.store.requests.get(incoming.value) if incoming.value else None
    target = request.plan.target if request else None
    if request is None or target is None:
        raise BadInput("I can't find this token. `/turso tokens` lists the active ones.")
    live = await env.store.tokens.find(
        organization=request.organization, database_ids=[target.id], live_at=env.clock.now()
    )
    if not any(token.request_id == request.id for token in live):
        raise Refused(f"There is nothing to revoke. This token for `{target.name}` no longer works.")
    return await request_follow_up(
        env, incoming, request, command_line(rotate.command.name, target.name), FollowUp(target.id)
    )


async def keep_copy(env: Environment, incoming: Incoming) -> str:
    """Handle Keep as a branch: request to keep the copy that a rewind made."""
    return await _decide_about_copy(env, incoming, "keep", rewind_keep.command.name)


async def discard_copy(env: Environment, incoming: Incoming) -> str:
    """Handle Discard: request to destroy the copy that a rewind made."""
    return await _decide_about_copy(env, incoming, "discard", rewind_discard.command.name)


async def _decide_about_copy(env: Environment, incoming: Incoming, verb: str, command: str) -> str:
    await require_access(env, incoming, verb)
    request = await env.store.requests.get(incoming.value) if incoming.value else None
    target = request.plan.target if request else None
    if request is None or target is None or request.command != rewind.command.name:
        raise BadInput("I can't find this copy. `/turso ls` lists a channel's databases.")
    made = Rewind(request)
    if request.state is not State.SUCCEEDED or not made.copy_id:
        raise Refused("I can't be sure which database this rewind created, so there is nothing to decide.")
    line = command_line(command, target.name, copy=made.copy)
    return await request_follow_up(env, incoming, request, line, FollowUp(made.copy_id))


async def request_follow_up(env: Environment, incoming: Incoming, request: Request, line: str, about: FollowUp) -> str:
    """Open a request for a line that is bound to a database or a freeze, by the rules of an earlier request's channel.

    Raises:
        BotError: the button is pressed elsewhere, or the person may not do this to the database of the earlier request.
    """
    if not may_be_pressed_in(incoming.channel_id, request.channel_id):
        raise BadInput("I can't find this request. `/turso requests` lists the open requests.")
    read = command_lines.line_of_press(env, incoming, line)
    action = replace(action_of(read.spec.name, read.args), databases=databases_of(request.plan)[:1])
    answer = (await authorize(env, request, Step.FOLLOW_UP, actor=incoming, action=action)).require_allowed()
    here = replace(incoming, channel_id=request.channel_id)
    about = replace(about, settles=await settled_incident(env, request, answer))
    return await command_lines.continue_request(env, here, answer.subject, read, follow_up=about)


async def settled_incident(env: Environment, request: Request, answer: Authorization) -> str:
    """Return the ID of the ended incident whose rules allow this follow-up. Empty if the current rules decide."""
    running = await env.store.incidents.running_in(request.channel_id)
    outlives = answer.subject.incident_profile is not None and (running is None or running.until <= env.clock.now())
    return (request.incident_id or "") if outlives else ""
