"""The protocol for looking up people, channels and user groups in Slack."""

from typing import Protocol

from bot.core.facts import SlackFacts, SlackQuery
from bot.core.model import Channel, Subject
from bot.core.requests.incoming import Incoming


class Directory(Protocol):
    """Looks up people, channels and user groups in Slack.

    Parameters for user groups also accept the keys of on-call schedules, which other services return.
    """

    async def subject(self, incoming: Incoming, *, usergroups: frozenset[str], fresh: bool = False) -> Subject:
        """Return the person, channel and user groups of an incoming command or click.

        Everything may be from the cache. With `fresh`, only the channel may.

        Raises:
            Unavailable: Slack didn't return the person or the channel, so nothing is allowed.
        """

    async def subject_of(self, user_id: str, channel_id: str, *, usergroups: frozenset[str]) -> Subject:
        """Return the subject for a person who isn't acting now, such as the requester of a stored request.

        Raises:
            Unavailable: Slack didn't return the person or the channel.
        """

    async def look_up(self, query: SlackQuery) -> SlackFacts:
        """Look up what an authorization needs, in parallel and without the cache. Never raises.

        What isn't returned is None or left out, and removed from the cache.
        """

    async def channel(self, channel_id: str, *, fresh: bool = False) -> Channel:
        """Return a conversation, cached for a minute unless `fresh`. Raises Unavailable."""

    async def channels_of(self, user_id: str) -> list[Channel]:
        """Return the channels of a person that the bot can see, without the cache. Raises Unavailable."""

    async def is_in(self, user_id: str, channel_id: str, *, fresh: bool = True) -> bool:
        """Return True if a person is a member of a channel. Raises Unavailable.

        `fresh=False` allows a cached result. That is enough to show a button, whose click is authorized again.
        """

    async def inside(self, channel_id: str) -> frozenset[str]:
        """Return the members of a channel, cached for a minute. Empty if the bot can't see it. Raises Unavailable."""
