"""Filters stored records by whether their database still exists.

A record belongs to the database with its `DbId`. It isn't about a later database with the same name.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

from bot.turso import TursoError, TursoReader
from bot.turso.models import Listing

PATIENCE_SECONDS: Final = 3


class StoredRecord(Protocol):
    """A stored record about one database, such as a hold or a token."""

    @property
    def database(self) -> str:
        """Return the database's name."""

    @property
    def database_id(self) -> str:
        """Return the database's `DbId`."""


@dataclass(frozen=True, slots=True)
class PlannedDatabase:
    """A database that a plan changes or creates."""

    database: str
    database_id: str


T = TypeVar("T", bound=StoredRecord)


def keep_listed(remembered: Sequence[T], listing: Listing) -> list[T]:
    """Return the records whose databases are listed.

    If the list has entries that can't be read, records with unlisted names are kept, because their databases may be
    among these entries.
    """
    ids, names = {one.id for one in listing}, {one.name for one in listing}
    return [one for one in remembered if one.database_id in ids or (listing.left_out > 0 and one.database not in names)]


async def drop_gone(turso: TursoReader, remembered: Sequence[T]) -> list[T]:
    """Leave out the records of databases that no longer exist in Turso.

    Leaves out none if the call fails or takes too long. Entries that can't be read count as in `keep_listed`.
    """
    if not remembered:
        return []
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return keep_listed(remembered, await turso.listed())
    except (TursoError, TimeoutError):
        return list(remembered)
