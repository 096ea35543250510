"""Cards and outcomes: views of what the store says, posted at least once and brought up to date everywhere."""

from contextlib import suppress

from bot.blocks import cards
from bot.commands.base import Changing
from bot.core.model import Visibility
from bot.core.ports import Address
from bot.core.reply import Reply
from bot.core.request import Mode, Request, Review, State
from bot.errors import CannotPost
from bot.pipeline.answering import asker_address
from bot.pipeline.environment import Environment
from bot.pipeline.judging import judge, request_action

FINAL = frozenset(
    {
        State.SUCCEEDED,
        State.FAILED,
        State.UNKNOWN,
        State.DENIED,
        State.EXPIRED,
        State.CANCELLED,
        State.STALE,
        State.RESTORED,
    }
)


async def card_of(env: Environment, request: Request) -> Reply:
    """Draw a request as it is now; a success in the words of its command."""
    command = env.by_name.get(request.command)
    done: Reply | None = None
    approvers = await _approvers(env, request) if request.state is State.PENDING else frozenset()
    review = await _review_of(env, request) if request.mode is Mode.BREAK_GLASS else None
    if isinstance(command, Changing):
        phases = {
            State.SUCCEEDED: command.finish if request.facts.get("phase") == "finish" else command,
            State.QUARANTINED: command,
            State.RESTORED: command.undo,
        }
        if phase := phases.get(request.state):
            done = phase.message(request.plan, request.facts)
    card = cards.request_card(request, now=env.clock.now(), done=done, approvers=approvers, review=review)
    return await with_timeline(env, card, request.incident_id) if request.incident_id else card


async def _review_of(env: Environment, request: Request) -> Review | None:
    given_or_owed = [*await env.memory.reviews(owed=True), *await env.memory.reviews(owed=False)]
    return next((one for one in given_or_owed if one.request_id == request.id), None)


async def with_timeline(env: Environment, reply: Reply, incident_id: str) -> Reply:
    """Put a link to the timeline of its incident under a message."""
    incident = await env.memory.incident(incident_id)
    if incident is None or incident.timeline_ts is None:
        return reply
    link = await env.messenger.permalink(incident.channel_id, incident.timeline_ts)
    return cards.in_incident(reply, incident.key, link or "")


async def _approvers(env: Environment, request: Request) -> frozenset[str]:
    return judge(env, await env.asker_of(request), request_action(request)).approvers.ids


async def post_card(env: Environment, request: Request) -> None:
    """Post a copy of a request's card in its channel. Raises CannotPost, Unavailable."""
    thread = await thread_of(env, request)
    ts = await env.messenger.post(request.channel_id, await card_of(env, request), thread_ts=thread)
    await env.memory.set_card(request.id, request.channel_id, ts)
    now = await env.memory.request(request.id)
    if now is not None and (now.state, now.votes) != (request.state, request.votes):
        # It waited for its turn while the request moved on, when no copy of it was known that could be changed.
        await env.messenger.update(request.channel_id, ts, await card_of(env, now))


async def thread_of(env: Environment, request: Request) -> str | None:
    """Return the thread of a request: where it was asked for, or the timeline of its incident; None: the channel.

    What was done without consent stands in the channel itself, where nobody overlooks it.
    """
    if request.mode is Mode.BREAK_GLASS:
        return None
    if request.thread_ts or not request.incident_id:
        return request.thread_ts
    incident = await env.memory.incident(request.incident_id)
    return incident.timeline_ts if incident else None


async def below_card(env: Environment, request: Request) -> tuple[str, str | None]:
    """Return where a notice about a request goes: its channel, and the thread that its card is in or begins."""
    copies = await env.memory.cards(request.id)
    channel_id, ts = copies[0] if copies else (request.channel_id, None)
    return channel_id, await thread_of(env, request) or ts


async def show(env: Environment, request_id: str) -> Request | None:
    """Bring every copy of a request's card up to date."""
    request = await env.memory.request(request_id)
    if request is None:
        return None
    reply = await card_of(env, request)
    for channel_id, ts in await env.memory.cards(request_id):
        await env.messenger.update(channel_id, ts, reply)
    return request


async def tell_outcome(env: Environment, request_id: str) -> None:
    """Show where a request has got to, and make sure that its asker hears it."""
    request = await show(env, request_id)
    if request is None:
        return
    copies = await env.memory.cards(request_id)
    if request.mode is Mode.DIRECT and not copies:
        await _tell_directly(env, request)
    elif copies and request.state in FINAL | {State.QUARANTINED, State.READY}:
        channel_id, thread = await below_card(env, request)
        await say_in_channel(env, channel_id, thread, cards.outcome_notice(request), else_to=request.asker)
    elif not copies and request.mode is Mode.BREAK_GLASS:
        await _card_or_whisper(env, request)
    elif not copies:
        await env.messenger.whisper(asker_address(request), await card_of(env, request))


async def say_in_channel(
    env: Environment, channel_id: str, thread_ts: str | None, reply: Reply, *, else_to: str
) -> bool:
    """Post where it belongs; where nothing can be posted, tell one person. False: it is not in the channel."""
    try:
        await env.messenger.post(channel_id, reply, thread_ts=thread_ts)
    except CannotPost:
        await env.messenger.whisper(Address(else_to, channel_id), reply)
        return False
    return True


async def _card_or_whisper(env: Environment, request: Request) -> None:
    try:
        await post_card(env, request)
    except CannotPost:
        await env.messenger.whisper(asker_address(request), await card_of(env, request))


async def note_in_timeline(env: Environment, request: Request) -> None:
    """Say one line in the timeline of its incident about what shows nothing to the channel by itself."""
    if not request.incident_id or request.private or await env.memory.cards(request.id):
        return
    incident = await env.memory.incident(request.incident_id)
    if incident is not None and incident.timeline_ts is not None:
        with suppress(CannotPost):
            notice = cards.outcome_notice(request)
            await env.messenger.post(request.channel_id, notice, thread_ts=incident.timeline_ts)


async def _tell_directly(env: Environment, request: Request) -> None:
    if request.private or request.visibility is Visibility.EPHEMERAL:
        await env.messenger.whisper(asker_address(request), await card_of(env, request))
    else:
        await _card_or_whisper(env, request)
