"""Decides whether a database's name may be shown in a channel, for stored records without its group and sources."""

from dataclasses import dataclass

from bot.commands.base import Context
from bot.core.model import Target
from bot.core.policy import Scope
from bot.turso.models import Listing


@dataclass(frozen=True, slots=True)
class VisibleNames:
    """Decides from Turso's current list of databases, which has their groups and the sources of branches."""

    scope: Scope
    listed: frozenset[str] | None
    """The visible databases. None if every database may be named."""
    hidden: frozenset[str] = frozenset()
    """The databases that exist and aren't visible, such as a branch of another channel's database."""
    is_complete: bool = True
    """False if Turso didn't list them all, so that a branch can't be distinguished from another database."""

    @classmethod
    def of(cls, ctx: Context, listing: Listing | None) -> "VisibleNames":
        """Return the names that may be shown in this context.

        Without `listing`, names are only shown where every database may be named.
        """
        if ctx.scope.covers_all:
            return cls(ctx.scope, None)
        listed = frozenset(one.name for one in ctx.visible(listing or Listing()))
        hidden = frozenset(one.name for one in listing or ()) - listed
        return cls(ctx.scope, listed, hidden, is_complete=listing is not None and not listing.left_out)

    def has(self, name: str) -> bool:
        """Return True if a database may be named.

        For a database that Turso no longer lists, the channel's name patterns decide, if the list is complete.
        """
        if self.listed is None or name in self.listed:
            return True
        return self.is_complete and name not in self.hidden and self.scope.covers(Target(name))
