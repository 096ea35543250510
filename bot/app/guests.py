"""A check of `doctor`: which of the policy's channels have guests."""

import asyncio

from bot.app.checks import Unhealthy
from bot.app.policy_book import PolicyBook
from bot.blocks.text import counted
from bot.errors import Unavailable
from bot.slack.lookups.directory import SlackDirectory


async def check_guests(directory: SlackDirectory, book: PolicyBook) -> str:
    """Return a sentence that says which of the policy's channels guests can read, if that is known.

    A channel that the bot can't see counts as one without guests.

    Raises:
        Unhealthy: the members of a channel can't be read. Names the channel.
        Unavailable: Slack doesn't respond, and the bot's own workspace isn't known yet.
    """
    guests = await directory.guests()
    if guests is None:
        return "Slack didn't list everyone in this workspace, so I can't tell whether there are guests."
    channels = list(book.policy.channels) if guests else []
    inside = await asyncio.gather(*(_members(directory, channel_id) for channel_id in channels))
    counts = {channel_id: len(guests & members) for channel_id, members in zip(channels, inside, strict=True)}
    if found := [f"`{channel_id}` ({counted(count, 'guest')})" for channel_id, count in counts.items() if count]:
        return f"Guests can read what is posted in {', '.join(found)}."
    return "There are no guests in the policy's channels."


async def _members(directory: SlackDirectory, channel_id: str) -> frozenset[str]:
    try:
        return await directory.inside(channel_id)
    except Unavailable as error:
        raise Unhealthy(f"The members of `{channel_id}` can't be read. {error}") from None
