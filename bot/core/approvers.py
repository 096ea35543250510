"""Who may approve, undo or review.

Decisions need a person's current Slack account. A user ID alone isn't enough.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from bot.core.model import Person

Groups = Mapping[str, frozenset[str] | None]
"""The members of user groups by ID, and of on-call schedules by key. None if they couldn't be looked up."""


class Membership(Enum):
    """How a person belongs to the workspace."""

    MEMBER = auto()
    GUEST = auto()
    EXTERNAL = auto()


@dataclass(frozen=True, slots=True)
class Standing:
    """A person, and how they belong to the workspace."""

    person: "Person"
    membership: Membership


class NamedPeople(Protocol):
    """People as a rule names them."""

    def includes(self, person: "Person", standing: Membership, groups: Groups) -> bool | None: ...
    def members(self, groups: Groups) -> frozenset[str]: ...
    def lets_act(self, standing: "Standing", delegate: "Standing", groups: Groups) -> bool: ...


@dataclass(frozen=True, slots=True)
class ApproverSet:
    """The people whom rules name for one purpose, such as approving."""

    all_of: tuple[NamedPeople, ...] = ()
    """A person must be included in every one of these: one per rule that applies, without duplicates."""
    also: frozenset[str] = frozenset()
    """The IDs of people who are included even if no rule names them, such as the requester."""
    without: frozenset[str] = frozenset()
    """The IDs of people whom `admits` and `lets_act` exclude in any case."""
    groups: Groups = field(default_factory=dict)

    @property
    def ids(self) -> frozenset[str]:
        """Return the IDs that the rules name, to show and count them. Only `admits` decides about a person."""
        named = [one.members(self.groups) for one in self.all_of]
        return (frozenset.intersection(*named) if named else frozenset()) - self.without | self.also

    def admits(self, person: "Person", standing: Membership) -> bool:
        """Return True if the set includes this person.

        Guests and outsiders must be named as such by each rule, unless they are in `also`.
        """
        if not self.without.isdisjoint((person.id, person.human)):
            return False
        if person.id in self.also:
            return True
        return bool(self.all_of) and all(one.includes(person, standing, self.groups) for one in self.all_of)

    def lets_act(self, approver: Standing, delegate: Standing) -> bool:
        """Return True if every rule lets the approver choose this delegate, who isn't excluded by `without`."""
        if not self.without.isdisjoint((delegate.person.id, delegate.person.human)):
            return False
        return bool(self.all_of) and all(one.lets_act(approver, delegate, self.groups) for one in self.all_of)

    def __and__(self, other: "ApproverSet") -> "ApproverSet":
        """Return the people whom the rules of both sets name, and those who are in `also` of both.

        Both must be about the same requester, and each must have rules.
        """
        more = tuple(one for one in other.all_of if one not in self.all_of)
        return ApproverSet(self.all_of + more, self.also & other.also, self.without | other.without, self.groups)
