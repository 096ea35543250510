"""Deliver notices to the channel if they may be shown there, otherwise to each person, and record who got them."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import structlog

from bot.core.ports import Address
from bot.core.reply import Reply
from bot.core.requests.request import Request
from bot.errors import BotError, CannotPost, Unavailable
from bot.pipeline.environment import Environment
from bot.pipeline.outcomes.channel_links import for_reader
from bot.pipeline.outcomes.recipients import people_concerned

log = structlog.get_logger(__name__)
CHANNEL: Final = "channel"
"""Represents the channel itself in the records of who was notified."""
NOBODY: Final = "nobody"
ALARM: Final = "alarm"
"""The `event` of the alarm about a break-glass operation."""
REVOKED: Final = "revoked"
"""The prefix of the `event` of notices to token holders about a rotation or a switch."""


@dataclass(frozen=True, slots=True)
class Notice:
    """A message, its recipients, and where to post it."""

    subject: str
    """The ID of what the notice is about, such as a request, a hold, an incident, a review, an alert or a branch."""
    event: str
    """What the notice reports, such as an outcome. People are notified of each event of a subject once."""
    reply: Reply
    people: tuple[str, ...]
    """The people who are notified privately if the channel may not see the message, or Slack refuses it there."""
    channel_id: str
    thread_ts: str | None = None
    broadcast: bool = False
    is_private: bool = False
    """True if only `people` may see the message."""
    elsewhere: Reply | None = None
    """The version for direct messages, if it differs."""
    intent_id: str | None = None
    """The ID of the intent whose `response_url` reaches the requester."""
    requester: str = ""
    """The requester, if the notice is about a request. Empty otherwise."""
    posted: Callable[[str], Awaitable[None]] | None = None
    """Called with the `ts` of the message in the channel."""
    is_kept_current: bool = False
    """True if the message is updated later, so that its copies are stored as cards of the subject."""


async def notice_of(
    env: Environment, request: Request, event: str, reply: Reply, *, thread_ts: str | None = None, subject: str = ""
) -> Notice:
    """Return a notice for the people whom a request concerns, in its channel. Raises Unavailable."""
    return Notice(
        subject=subject or request.id,
        event=event,
        reply=reply,
        people=await people_concerned(env, request),
        channel_id=request.channel_id,
        thread_ts=thread_ts,
        broadcast=request.incident_id is not None,
        is_private=request.is_private,
        intent_id=request.intent_id,
        requester=request.requester,
    )


async def may_be_seen(env: Environment, channel_id: str, *, fresh: bool = True) -> bool:
    """Return True if notices may be shown in a channel, by Slack's current data. Raises Unavailable.

    The bot must be in the channel. The channel must not be archived, nor shared with another organization unless the
    policy allows that.

    Args:
        fresh: False right after a press, when the cached data is recent enough.
    """
    channel = await env.directory.channel(channel_id, fresh=fresh)
    if channel.is_archived or not channel.bot_is_member:
        return False
    bound = env.rules.policy.channels.get(channel_id)
    return not channel.is_ext_shared or (bound is not None and bound.externally_shared)


async def post_openly(env: Environment, channel_id: str, message: Reply, *, what: str) -> bool:
    """Post a message that isn't for particular people. If that is impossible, log it with `what` and return False.

    Raises:
        Unavailable: Slack doesn't accept the message now.
    """
    why = "it is archived, shared with another organization, or I'm not in it"
    try:
        if await may_be_seen(env, channel_id):
            await env.messenger.post(channel_id, message)
            return True
    except Unavailable:
        raise
    except BotError as error:
        why = str(error)
    log.warning(f"{what} was not posted", channel=channel_id, why=why)
    return False


async def deliver(env: Environment, notice: Notice) -> str:
    """Deliver a notice to its thread, or the channel, or privately to each person. Safe to run again.

    People who got it, according to the store, don't get it again.

    Returns:
        `channel`, `people`, or `nobody` if it can't be delivered to anybody.
    Raises:
        Unavailable: somebody must still be notified later.
    """
    if await env.store.notices.was_notified(notice.subject, notice.event, CHANNEL):
        return CHANNEL
    is_open = await may_be_seen(env, notice.channel_id)
    if is_open and not notice.is_private:
        with suppress(CannotPost):
            await _post(env, notice)
            return CHANNEL
    return await notify_each(env, notice, in_channel=is_open)


async def deliver_and_close(env: Environment, notice: Notice) -> str:
    """Deliver a notice, and record that it was delivered, or that it couldn't be delivered to anybody.

    Returns and raises the same as `deliver`. If the notice is already recorded, returns `channel`.
    """
    if await env.store.notices.was_notified(notice.subject, notice.event):
        return CHANNEL
    how = await deliver(env, notice)
    await env.store.notices.set_notified(notice.subject, notice.event, how=how)
    return how


async def _post(env: Environment, notice: Notice) -> None:
    ts = await env.messenger.post(
        notice.channel_id, notice.reply, thread_ts=notice.thread_ts, broadcast=notice.broadcast
    )
    if notice.posted is not None and ts:
        await notice.posted(ts)
    if notice.is_kept_current and ts:
        await env.store.cards.add(notice.subject, notice.channel_id, ts)
    await env.store.notices.set_notified(notice.subject, notice.event, how=CHANNEL, person=CHANNEL)


async def notify_each(env: Environment, notice: Notice, *, in_channel: bool = False) -> str:
    """Notify each person privately: in the channel if `in_channel` and they are in it, otherwise by direct message.

    Returns:
        `people`, or `nobody` if nobody could be reached.
    Raises:
        Unavailable: somebody must still be notified later.
    """
    later: Unavailable | None = None
    any_notified = False
    for user_id in notice.people:
        if await env.store.notices.was_notified(notice.subject, notice.event, user_id):
            any_notified = True
            continue
        try:
            is_notified = await (_send_ephemeral(env, notice, user_id) if in_channel else _direct(env, notice, user_id))
        except Unavailable as error:  # notify the other people first
            later = error
            continue
        if is_notified:
            any_notified = True
            await env.store.notices.set_notified(notice.subject, notice.event, how="person", person=user_id)
    if later is not None:
        raise later
    if notice.people and not any_notified:
        log.error("no one was notified of an outcome", subject=notice.subject, outcome=notice.event)
    return "people" if any_notified else NOBODY


async def notify_privately(env: Environment, notice: Notice) -> None:
    """Notify each person privately, and record it if nobody could be reached.

    Raises:
        Unavailable: somebody must still be notified later.
    """
    if await notify_each(env, notice) == NOBODY and notice.people:
        await env.store.notices.set_notified(notice.subject, notice.event, how=NOBODY)


async def _send_ephemeral(env: Environment, notice: Notice, user_id: str) -> bool:
    # Only the requester gets it through the `response_url`, which always reaches the person who typed the command.
    intent_id = notice.intent_id if user_id == notice.requester else None
    to = Address(user_id, notice.channel_id, notice.thread_ts, intent_id)
    return await env.messenger.send_ephemeral(to, notice.reply)


async def _direct(env: Environment, notice: Notice, user_id: str) -> bool:
    try:
        was_there = user_id == notice.requester
        reply = await for_reader(env, notice.elsewhere or notice.reply, user_id, was_there=was_there)
        place = await env.messenger.direct(user_id, reply)
        if notice.is_kept_current and place is not None:
            await env.store.cards.add(notice.subject, *place)
    except CannotPost as error:
        log.warning("a person could not be notified", user=user_id, why=error.code)
        return False
    return True
