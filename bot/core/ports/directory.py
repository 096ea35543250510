"""What Slack knows of people and channels."""

from typing import Protocol

from bot.core.facts import Facts, Question
from bot.core.model import Channel, Subject
from bot.core.requests.incoming import Incoming


class Directory(Protocol):
    """Who is this human, and where do they stand?"""

    async def subject(self, incoming: Incoming, *, usergroups: frozenset[str], fresh: bool = False) -> Subject:
        """Look up the person, the channel and the user groups (cached a minute; `fresh`: asked again now).

        Raises:
            Unavailable: Slack didn't say who they are; then nothing is allowed.
        """

    async def subject_of(self, user_id: str, channel_id: str, *, usergroups: frozenset[str]) -> Subject:
        """Look up the same for a person who is not here now: a requester whose request executes later."""

    async def look(self, question: Question) -> Facts:
        """Ask Slack now, all at the same time, for what an authorization needs; never raises.

        What Slack does not say is missing from the answer, and no longer kept as a fact.
        """

    async def channel(self, channel_id: str, *, fresh: bool = False) -> Channel:
        """Return a conversation as Slack describes it. Raises Unavailable."""

    async def channels_of(self, user_id: str) -> list[Channel]:
        """Ask now in which channels somebody is, as far as the bot may know of them. Raises Unavailable."""

    async def is_in(self, user_id: str, channel_id: str, *, fresh: bool = True) -> bool:
        """Return True when somebody is a member of a channel that they named without being seen there.

        `fresh=False`: what was true a moment ago will do, for showing what is decided again on pressing.
        """

    async def inside(self, channel_id: str) -> frozenset[str]:
        """Return everybody in a channel, as of a minute ago; empty where the bot is not. Raises Unavailable."""
