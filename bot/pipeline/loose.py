"""What is left open, settled by a button: a freeze is thawed, tokens are rotated, also after their incident's end."""

from dataclasses import replace

from bot.commands.lines import command_line
from bot.core.model import ChannelKind
from bot.core.parsing import Parsed
from bot.core.request import Incoming, Request
from bot.errors import BadInput, Refused
from bot.pipeline import asking
from bot.pipeline.environment import Environment


async def thaw_hold(env: Environment, incoming: Incoming) -> str:
    """Thaw: ask for the end of a freeze where it was asked for; the rules of that channel decide."""
    hold = await env.memory.hold(incoming.value) if incoming.value else None
    request = await env.memory.request(hold.request_id) if hold else None
    if hold is None or request is None:
        raise BadInput("I do not know this freeze: the button is old or from elsewhere. See `/turso requests`.")
    if hold.released_at is not None:
        raise Refused(f"There is nothing to thaw: this freeze of `{hold.database}` is over.")
    return await _settle(env, incoming, request, command_line("thaw", hold.database))


async def end_tokens(env: Environment, incoming: Incoming) -> str:
    """Rotate: ask for the rotation that ends a token which was minted here and still works."""
    request = await env.memory.request(incoming.value) if incoming.value else None
    target = request.plan.target if request else None
    if request is None or target is None:
        raise BadInput("I do not know this token: the button is old or from elsewhere. See `/turso tokens`.")
    live = await env.memory.tokens(
        organization=request.organization, databases_ids=[target.id], live_at=env.clock.now()
    )
    if not any(token.request_id == request.id for token in live):
        raise Refused(f"There is nothing to end: this token of `{target.name}` works no more.")
    return await _settle(env, incoming, request, command_line("rotate", target.name))


async def _settle(env: Environment, incoming: Incoming, request: Request, line: str) -> str:
    here = replace(incoming, channel_id=request.channel_id)
    if incoming.channel_id != request.channel_id:
        await _must_be_there(env, incoming, request)
    subject = await env.subject(here)
    standing = await env.settling(subject, request.incident_id)
    read = env.grammar.parse(line)
    assert isinstance(read, Parsed), "a name is all that it needs"
    settles = (request.incident_id or "") if standing is not subject else ""
    return await asking.carry_on(env, here, standing, read, settles=settles)


async def _must_be_there(env: Environment, incoming: Incoming, request: Request) -> None:
    """A press in Home counts where the thing was asked for: its rights are for those who are in that channel."""
    pressed_in = await env.subject(incoming)
    if pressed_in.channel.kind is not ChannelKind.DM:
        raise BadInput("I do not know this button: it is from elsewhere. See `/turso requests`.")
    if not await env.directory.is_in(incoming.user_id, request.channel_id):
        raise Refused("You are not in the channel where this was asked for, or I am not: its rights are its members'.")
