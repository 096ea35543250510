"""Check that the person and the bot are in the channel in which a command is used."""

from dataclasses import replace
from typing import Final

from bot.core.model import Subject
from bot.core.requests.incoming import Incoming
from bot.errors import Refused, Unavailable
from bot.pipeline.environment import Environment

NOT_THERE: Final = "I'm not in this channel, so nothing was changed. Invite me with `/invite`, then run it again."
ARCHIVED: Final = "This channel is archived, so nothing was changed. Run it in another channel."


async def require_in_channel(env: Environment, incoming: Incoming, *, fresh: bool = True) -> None:
    """Refuse a form or button unless the person is still in its channel. Direct messages and Home aren't checked.

    Args:
        fresh: False if a cached result is enough.

    Raises:
        Refused: the person isn't in the channel, or the bot can't see its members.
        Unavailable: Slack doesn't respond.
    """
    is_channel = incoming.channel_id and not incoming.channel_id.startswith("D")
    if is_channel and not await env.directory.is_in(incoming.user_id, incoming.channel_id, fresh=fresh):
        raise Refused("You and I must both be in that channel. Only its members can use commands there.")


async def with_channel_of_now(env: Environment, subject: Subject, *, fresh: bool) -> Subject:
    """Return a subject with Slack's current data on the channel, before a change is requested there.

    The person is refused if the request's card couldn't be posted there. If Slack doesn't respond, the subject is
    returned unchanged, because the start checks again.

    Args:
        fresh: False if a reveal follows, which checks the channel again.

    Raises:
        Refused: the bot isn't in the channel, or the channel is archived.
    """
    try:
        channel = await env.directory.channel(subject.channel.id, fresh=fresh)
    except Unavailable:
        channel = subject.channel
    if channel.is_archived:
        raise Refused(ARCHIVED)
    if not channel.bot_is_member:
        raise Refused(NOT_THERE)
    return replace(subject, channel=channel)
