"""Who may approve, undo or review: decided of a person as they are now, never of a bare id."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from bot.core.model import Person

Groups = Mapping[str, frozenset[str] | None]
"""The members of user groups by their ids; None: Slack didn't say."""


class Membership(Enum):
    """What somebody is to the workspace."""

    MEMBER = auto()
    GUEST = auto()
    EXTERNAL = auto()


class NamedPeople(Protocol):
    """People as a rule names them."""

    def holds(self, person: "Person", standing: Membership, groups: Groups) -> bool | None: ...
    def members(self, groups: Groups) -> frozenset[str]: ...


@dataclass(frozen=True, slots=True)
class ApproverSet:
    """The people whom rules name for one purpose, such as approving."""

    all_of: tuple[NamedPeople, ...] = ()
    """Somebody must be meant by each of these: the people whom each database's rule names, each set once."""
    also: frozenset[str] = frozenset()
    """Those who were checked already: the requester, by the `to` of the same rule."""
    without: frozenset[str] = frozenset()
    groups: Groups = field(default_factory=dict)

    @property
    def ids(self) -> frozenset[str]:
        """The ids of those who may be on it, for showing; whether one of them is, `admits` says."""
        named = [one.members(self.groups) for one in self.all_of]
        return (frozenset.intersection(*named) if named else frozenset()) - self.without | self.also

    def admits(self, person: "Person", standing: Membership) -> bool:
        """Say whether this person is on it: a guest or an external only where each rule names them as such."""
        if not self.without.isdisjoint((person.id, person.human)):
            return False
        if person.id in self.also:
            return True
        return bool(self.all_of) and all(one.holds(person, standing, self.groups) for one in self.all_of)

    def __and__(self, other: "ApproverSet") -> "ApproverSet":
        """Return those who are on both; of one requester, who are `also` and `without` in the same places."""
        more = tuple(one for one in other.all_of if one not in self.all_of)
        return ApproverSet(self.all_of + more, self.also & other.also, self.without | other.without, self.groups)
