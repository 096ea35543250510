"""Where a command is used: is its person in that channel, and is the bot?"""

from dataclasses import replace
from typing import Final

from bot.core.model import Subject
from bot.core.requests.incoming import Incoming
from bot.errors import Refused, Unavailable
from bot.pipeline.environment import Environment

NOT_THERE: Final = "I am not in this channel, so nothing was changed. Invite me with `/invite`, then run it again."
ARCHIVED: Final = "This channel is archived, so nothing was changed. Run it in another channel."


async def must_be_in_channel(env: Environment, incoming: Incoming, *, fresh: bool = True) -> None:
    """Raise unless somebody is in the channel of their form or button now: both outlive their leaving it.

    Args:
        fresh: False where it is enough that they were in it a moment ago.

    Raises:
        Refused: they are not.
        Unavailable: Slack does not say.
    """
    is_channel = incoming.channel_id and not incoming.channel_id.startswith("D")
    if is_channel and not await env.directory.is_in(incoming.user_id, incoming.channel_id, fresh=fresh):
        raise Refused("You or I aren't in that channel. Only its members can use commands there.")


async def with_channel_of_now(env: Environment, subject: Subject, *, fresh: bool) -> Subject:
    """Return a subject with its channel as Slack describes it now, before a change is requested there.

    A request has its card in its channel. Where that can't be posted, the person is answered at once instead. While
    Slack does not say, the channel is taken as it was: the start asks again.

    Args:
        fresh: False where a reveal comes next, which asks again.

    Raises:
        Refused: the bot is not in the channel, or the channel is archived.
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
