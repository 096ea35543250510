"""The facts of one authorization: what it asks Slack, and what Slack said at that moment."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.core.model import Channel, Person
from bot.core.requests.incoming import Incoming


@dataclass(frozen=True, slots=True)
class Question:
    """What an authorization needs to know: no more, since each part is a call."""

    channel_id: str
    people: frozenset[str]
    groups: frozenset[str] = frozenset()
    members: bool = True
    """Whether the members of the channel are needed."""
    actor: Incoming | None = None
    """The press or line of one of these people: it says from which workspace they come."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What Slack said. Whatever is missing here it did not say, and then the answer is no."""

    channel: Channel | None
    inside: frozenset[str] | None
    """The members of the channel."""
    people: Mapping[str, Person] = field(default_factory=dict)
    groups: Mapping[str, frozenset[str] | None] = field(default_factory=dict)

    def with_groups(self, more: "Facts") -> "Facts":
        """Return these facts with the user groups that were asked for later."""
        return Facts(self.channel, self.inside, self.people, {**self.groups, **more.groups})
