"""The facts of one authorization: what it asks Slack, and Slack's answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.core.model import Channel, Person
from bot.core.requests.incoming import Incoming


@dataclass(frozen=True, slots=True)
class Question:
    """What an authorization asks Slack. Every part costs a call."""

    channel_id: str
    people: frozenset[str]
    groups: frozenset[str] = frozenset()
    members: bool = True
    """True if the channel's members are needed."""
    actor: Incoming | None = None
    """A click or command line of one of these people, which shows their workspace."""


@dataclass(frozen=True, slots=True)
class Facts:
    """Slack's answers. Whatever is missing wasn't answered, and counts as a no."""

    channel: Channel | None
    inside: frozenset[str] | None
    """The members of the channel. None: not known."""
    people: Mapping[str, Person] = field(default_factory=dict)
    groups: Mapping[str, frozenset[str] | None] = field(default_factory=dict)

    def with_groups(self, more: Mapping[str, frozenset[str] | None]) -> "Facts":
        """Return these facts with more user groups and schedules."""
        return Facts(self.channel, self.inside, self.people, {**self.groups, **more})
