"""The people in a rule: by ID, by user group, or on call. Guests and outsiders must be named as such."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from bot.core.approvers import Groups, Membership, Standing
from bot.core.model import Person, Risk
from bot.core.oncall import OnCall

_BY_ID: Final = re.compile(r"(?P<kind>[a-z]{1,20}:)?[UWS][A-Z0-9]+", re.ASCII)
A_GROUP: Final = "members of a user group"
SOMEBODY: Final = "people named by ID"
__all__ = ["NOBODY", "Groups", "Membership", "People", "union_of"]


@dataclass(frozen=True, slots=True)
class People:
    """A set of people, as a policy names them."""

    users: frozenset[str] = frozenset()
    usergroups: frozenset[str] = frozenset()
    guests: frozenset[str] = frozenset()
    externals: frozenset[str] = frozenset()
    oncalls: frozenset[OnCall] = frozenset()
    delegates: tuple[tuple["People", "People"], ...] = ()
    """Pairs of sets: the people in the first may choose a delegate from the second set."""
    words: str = ""
    """The people as written in the policy: `dba, user:U0ANA`."""

    @property
    def groups(self) -> frozenset[str]:
        """Return the IDs of the user groups and the keys of the schedules."""
        return self.usergroups | {one.schedule.key for one in self.oncalls}

    @property
    def lookup_groups(self) -> frozenset[str]:
        """Return the user groups and schedules of these people and of their delegates, which must be looked up."""
        return self.groups.union(*(delegates.groups for _, delegates in self.delegates))

    def up_to(self, risk: Risk) -> "People":
        """Return these people without the schedules that are limited to lower risks."""
        covered = frozenset(one for one in self.oncalls if one.covers(risk))
        if covered == self.oncalls:
            return self
        pairs = tuple((people.up_to(risk), delegates) for people, delegates in self.delegates)
        return replace(self, oncalls=covered, delegates=pairs)

    def lets_act(self, standing: Standing, delegate: Standing, groups: Groups) -> bool:
        """Return True if the approver in `standing` may choose the person in `delegate` as their delegate."""
        return any(
            bool(people.includes(standing.person, standing.membership, groups))
            and bool(delegates.includes(delegate.person, delegate.membership, groups))
            for people, delegates in self.delegates
        )

    @property
    def readable(self) -> str:
        """Return `words` without IDs, for messages."""
        return ", ".join(dict.fromkeys(map(_without_id, self.words.split(", "))))

    def includes(self, person: Person, standing: Membership, groups: Groups) -> bool | None:
        """Return True if `person` is included. None if it is unknown, because a group couldn't be looked up."""
        if standing is Membership.GUEST:
            return person.id in self.guests
        if standing is Membership.EXTERNAL:
            return person.id in self.externals
        if person.id in self.users:
            return True
        unknown = False
        for group in self.groups:
            members = groups.get(group)
            if members is None:
                unknown = True
            elif person.id in members:
                return True
        return None if unknown else False

    def members(self, groups: Groups) -> frozenset[str]:
        """Return every user ID that is named, and the known members of the groups.

        Only `includes` decides about a person: a guest in a user group, for example, isn't included.
        """
        found = self.users | self.guests | self.externals
        for group in self.groups:
            found |= groups.get(group) or frozenset()
        return found

    def unchecked(self, groups: Groups) -> list[str]:
        """Return the user groups and schedules whose members couldn't be looked up."""
        return sorted(group for group in self.groups if groups.get(group) is None)

    def mentions(self) -> tuple[str, ...]:
        """Return Slack mentions of these people, and the keys of schedules, because the people on call change."""
        if self is NOBODY:
            return ()
        people = sorted(self.users | self.guests | self.externals)
        schedules = sorted(one.schedule.key for one in self.oncalls)
        return (
            *(f"<@{user}>" for user in people),
            *(f"<!subteam^{group}>" for group in sorted(self.usergroups)),
            *schedules,
        )


def _without_id(word: str) -> str:
    by_id = _BY_ID.fullmatch(word)
    return word if by_id is None else A_GROUP if by_id["kind"] == "usergroup:" else SOMEBODY


NOBODY = People()


def union_of(sets: Iterable[People]) -> People:
    """Return a set of everybody in these sets."""
    every = list(sets)
    return People(
        users=frozenset().union(*(one.users for one in every)),
        usergroups=frozenset().union(*(one.usergroups for one in every)),
        guests=frozenset().union(*(one.guests for one in every)),
        externals=frozenset().union(*(one.externals for one in every)),
        oncalls=frozenset().union(*(one.oncalls for one in every)),
        delegates=tuple(dict.fromkeys(pair for one in every for pair in one.delegates)),
        words=", ".join(one.words for one in every if one.words),
    )
