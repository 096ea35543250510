"""Models of a list of databases. Entries are parsed on demand."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple, Self

import structlog

from bot.core.model import Target
from bot.core.redaction.text_cleaning import clean
from bot.turso.models.database import ID_KEYS, NAME_KEYS, Database, Parent
from bot.turso.tolerance import name_of, value_of

log = structlog.get_logger(__name__)
MOST_SOURCES: Final = 8
"""The most sources that are followed from a branch to its source, the source's source, and so on."""


class Listed(NamedTuple):
    """A database in a list. Its other fields are parsed only on demand, because few of many thousands are shown."""

    name: str
    group: str | None
    raw: Mapping[str, Any]

    @property
    def id(self) -> str:
        """Return the `DbId`."""
        return str(value_of(self.raw, ID_KEYS))

    @property
    def is_open(self) -> bool:
        """Return True if the list says that neither reads nor writes are blocked. False if it doesn't say."""
        flags = {key: self.raw.get(f"block_{key}", self.raw.get(f"blocked_{key}")) for key in ("reads", "writes")}
        return all(value is False for value in flags.values())

    @property
    def source(self) -> Parent | None:
        """Return the database from which it was branched. None if it isn't a branch or its parent can't be read."""
        raw = self.raw.get("parent")
        if not isinstance(raw, dict):
            return None
        try:
            parent = Parent.model_validate(raw)
        except ValueError:
            return None
        return parent if parent.name else None

    @property
    def is_archived(self) -> bool:
        """Return True if Turso says that its group must be woken first."""
        return any(self.raw.get(key) is True for key in ("sleeping", "archived"))

    def read(self) -> Database:
        """Parse all fields of the entry. Raises ValueError if they can't be read."""
        return Database.model_validate(self.raw)

    def read_or_none(self) -> Database | None:
        """Parse all fields of the entry. If they can't be read, log a warning and return None."""
        try:
            return self.read()
        except ValueError:
            log.warning("turso.left_out", of="a list of databases", entry=self.name)
            return None

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> Self:
        """Create an entry from JSON. The keys of its name and ID may have any casing.

        Raises:
            LookupError: the name or the ID is missing or unusable.
        """
        name, db_id = (name_of(value_of(raw, spellings)) for spellings in (NAME_KEYS, ID_KEYS))
        if name is None or db_id is None:
            raise LookupError(NAME_KEYS.choices[0])
        group = raw.get("group", "")
        return cls(name, group if isinstance(group, str) and clean(group) == group else None, raw)


class Listing(list[Listed]):
    """The databases of a list. `left_out` is the number of entries that can't be read."""

    def __init__(self, found: Iterable[Listed] = (), left_out: int = 0) -> None:
        super().__init__(found)
        self.left_out = left_out

    def with_targets(self) -> "Iterator[tuple[Listed, Target]]":
        """Yield each database as the policy sees it, with up to `MOST_SOURCES` of its chain of sources.

        The chain ends with the first source that isn't in the list, because the source of that one is unknown.
        An empty group means that it has none. None means that it is unknown.
        """
        by_id: dict[str, Listed] = {}
        for one in self:
            if one.source is None:
                yield one, Target(one.name, one.group)
                continue
            by_id = by_id or {each.id: each for each in self}
            yield one, Target(one.name, one.group, tuple(_sources(one, by_id)))


def _sources(branch: Listed, by_id: Mapping[str, Listed]) -> Iterator[str]:
    at: Listed | None = branch
    for _ in range(MOST_SOURCES):
        source = at.source if at else None
        if source is None:
            return
        yield source.name
        at = by_id.get(source.id)
