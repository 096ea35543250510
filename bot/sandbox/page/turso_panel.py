"""What the page shows and changes of the local Turso, which it knows only through `TursoControls`."""

from dataclasses import dataclass
from typing import Final, Protocol

SHARES: Final = (60, 85, 97, 101)
"""Percent of the quota of rows read that a visitor can have used up."""


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
    """What the data plane refuses: `reads`, `writes` or both. Empty if it refuses nothing."""
    groups: tuple[ShownGroup, ...]
    databases: tuple[str, ...]


class TursoControls(Protocol):
    """The local Turso, for those who press the panel's buttons."""

    async def facts(self) -> TursoFacts:
        """Return the organization as it is now."""

    async def do(self, button: str, value: str) -> str:
        """Do what a button says, and return the result as a sentence.

        Raises:
            LookupError: there is no such button, group, plan or database.
        """
