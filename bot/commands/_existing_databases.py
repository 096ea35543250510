"""What is remembered of a database is about that one, by its `DbId`: another one of its name has nothing of it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

from bot.turso import TursoError, TursoReader
from bot.turso.models import Listing

PATIENCE_SECONDS: Final = 3


class StoredRecord(Protocol):
    """A hold, a token, a sample."""

    @property
    def database(self) -> str:
        """Its name."""

    @property
    def database_id(self) -> str:
        """Its `DbId`."""


@dataclass(frozen=True, slots=True)
class PlannedDatabase:
    """The database of a plan."""

    database: str
    database_id: str


T = TypeVar("T", bound=StoredRecord)


def keep_listed(remembered: Sequence[T], listing: Listing) -> list[T]:
    """Leave out what is about databases that are gone; an entry that could not be read may be one that is not."""
    ids, names = {one.id for one in listing}, {one.name for one in listing}
    return [one for one in remembered if one.database_id in ids or (listing.left_out > 0 and one.database not in names)]


async def drop_gone(turso: TursoReader, remembered: Sequence[T]) -> list[T]:
    """Ask for the databases that there are, and leave out the same; all of it stays where Turso does not tell."""
    if not remembered:
        return []
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return keep_listed(remembered, await turso.listed())
    except (TursoError, TimeoutError):
        return list(remembered)
