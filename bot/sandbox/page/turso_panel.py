"""The page's panel for the local Turso: what it shows and changes. It reaches Turso only through `TursoControls`."""

from dataclasses import dataclass
from typing import Final, Protocol

SHARES: Final = (60, 85, 97, 101)
"""Percentages for buttons: each sets the quota of rows read so that this month's usage is that share of the quota."""


@dataclass(frozen=True, slots=True)
class ShownGroup:
    """A group of databases."""

    name: str
    databases: int
    archived: bool


@dataclass(frozen=True, slots=True)
class TursoFacts:
    """The organization as the panel shows it."""

    plan: str
    plans: tuple[str, ...]
    used_percent: float
    overages: bool
    blocked: str
    """What the data plane blocks: `reads`, `writes` or `reads and writes`. Empty if it blocks nothing."""
    groups: tuple[ShownGroup, ...]
    databases: tuple[str, ...]


class TursoControls(Protocol):
    """Reads and changes the local Turso for the panel."""

    async def facts(self) -> TursoFacts:
        """Return the organization as it is now."""

    async def do(self, button: str, value: str) -> str:
        """Run the operation of a button, and return a sentence about the result.

        Raises:
            LookupError: there is no such button, group, plan or database.
        """
