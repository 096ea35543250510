"""What a channel may see in alerts: which databases may be named, by what Turso lists, and the queries of which."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.commands.base import Context
from bot.commands.databases import triage
from bot.commands.usage import usage
from bot.core.model import Target
from bot.core.policy import Scope
from bot.errors import Unavailable
from bot.turso.models import Listing


class NotListed(Unavailable):
    """Raised if it is unknown whether a database may be named.

    Turso didn't list the databases, or its list has an unreadable entry that may be this database.
    """

    def __init__(self) -> None:
        super().__init__("Some entries in Turso's list of databases can't be read.")


@dataclass(frozen=True, slots=True)
class ListedDatabases:
    """The databases that Turso lists, as the policy sees them."""

    targets: Mapping[str, Target]
    """Each database with its group and sources, by `DbId`."""
    names: frozenset[str]
    left_out: int
    """How many entries of the list can't be read."""

    @classmethod
    def of(cls, listing: Listing) -> "ListedDatabases":
        """Return the databases of a list."""
        targets = {one.id: target for one, target in listing.with_targets()}
        return cls(targets, frozenset(one.name for one in listing), listing.left_out)

    def may_have(self, name: str) -> bool:
        """Return True if an entry that can't be read may be the database with this name."""
        return self.left_out > 0 and name not in self.names


@dataclass(frozen=True, slots=True)
class AlertVisibility:
    """What a channel may see in alerts: databases in every scope of `shown`, and queries of those in `with_queries`."""

    shown: tuple[Scope, ...]
    with_queries: Scope

    @classmethod
    def of(cls, ctx: Context) -> "AlertVisibility":
        """Return what `ctx.subject` may see in its channel. `ctx.scope` must be the scope of `alert list`."""
        return cls((ctx.scope, _scope(ctx, usage.command.name)), _scope(ctx, triage.command.name))

    @property
    def is_whole(self) -> bool:
        """Return True if every database may be seen, so that numbers of the whole organization may be shown."""
        return all(one.covers_all for one in self.shown)

    @property
    def names_all(self) -> bool:
        """Return True if groups and sources aren't needed, because every database and its queries may be seen."""
        return self.is_whole and self.with_queries.covers_all

    def find(self, databases: ListedDatabases | None, name: str, database_id: str) -> Target | None:
        """Return a database of an alert as the policy sees it. None if it may not be named or no longer exists.

        If it may exist, but isn't listed, its name is enough if `names_all`.

        Args:
            databases: what Turso lists, or None if it didn't respond.
        Raises:
            NotListed: it isn't known whether the database may be named.
        """
        if not name:
            return None
        if databases is not None:
            target = databases.targets.get(database_id)
            if target is not None:
                return target if target.name == name and self._covers(target) else None
            if not databases.may_have(name):
                return None
        if self.names_all:
            return Target(name)
        raise NotListed

    def _covers(self, target: Target) -> bool:
        return all(one.covers(target) for one in self.shown)


def _scope(ctx: Context, command: str) -> Scope:
    return ctx.policy.scope(ctx.subject, command)
