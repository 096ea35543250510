"""What an authorization looks up in Slack, and what Slack returned."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.core.model import Channel, Person
from bot.core.requests.incoming import Incoming


@dataclass(frozen=True, slots=True)
class SlackQuery:
    """What an authorization looks up in Slack: each person and group, the channel, and its members.

    On-call schedules in `groups` are looked up in other services.
    """

    channel_id: str
    people: frozenset[str]
    groups: frozenset[str] = frozenset()
    members: bool = True
    """Whether to look up the channel's members."""
    actor: Incoming | None = None
    """A click or command of one of `people`, which contains the ID of their workspace."""


@dataclass(frozen=True, slots=True)
class SlackFacts:
    """What Slack returned. Anything else is None or left out, and permits nothing."""

    channel: Channel | None
    channel_members: frozenset[str] | None
    """None if they aren't known."""
    people: Mapping[str, Person] = field(default_factory=dict)
    groups: Mapping[str, frozenset[str] | None] = field(default_factory=dict)

    def with_groups(self, more: Mapping[str, frozenset[str] | None]) -> "SlackFacts":
        """Return these facts with more user groups and schedules."""
        return SlackFacts(self.channel, self.channel_members, self.people, {**self.groups, **more})
