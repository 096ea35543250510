"""The differences between a database and its copy, as plain values that can be stored."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

COMPARISON: Final = "comparison"
"""The comparison's key in the facts of a rewind."""


@dataclass(frozen=True, slots=True)
class TableSide:
    """What is known about a table on one side."""

    rows: int | None = None
    """None if it is unknown, or the table doesn't exist."""
    more: bool = False
    """True if there are more rows than were counted."""
    newest: str | None = None
    """The newest time in its time column, as ISO text in UTC. None if it is unknown, or there is no such time."""
    is_there: bool = True


@dataclass(frozen=True, slots=True)
class Comparison:
    """The differences between a database and its copy, as plain values that can be stored."""

    tables: list[list[Any]] = field(default_factory=list)
    """Name, then a `TableSide` for the database and one for the copy, each as a dict."""
    only_old: list[str] = field(default_factory=list)
    only_copy: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    """This and the two lists above have objects of the schema by type and name: `table items`.

    If there are many, the last entry is `and 5 more`.
    """
    is_schema_known: bool = False
    """True if both schemas were read completely. If not, the lists above have only differences that are certain."""
    left_out: int = 0
    """How many tables weren't counted on either side."""
    whys: list[str] = field(default_factory=list)
    """Why something is unknown, in plain sentences."""

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> "Comparison | None":
        """Create a comparison from stored facts. None if they contain none."""
        raw = facts.get(COMPARISON)
        return cls(**raw) if raw else None

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON."""
        return asdict(self)

    @property
    def sides(self) -> list[tuple[str, TableSide, TableSide]]:
        """Return each table with what is known about both sides."""
        return [(name, TableSide(**old), TableSide(**copy)) for name, old, copy in self.tables]
