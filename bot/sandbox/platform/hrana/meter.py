"""Usage, collected from every thread, written to the journal, and added to the catalogue from time to time."""

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field

from bot.sandbox.platform.catalog.usage import Booking, QueryBooking
from bot.sandbox.platform.clock import Clock
from bot.sandbox.platform.hrana.journal import Journal, Measured

_LONGEST_QUERY = 1000
_QUERIES = 1000


@dataclass
class _Sums:
    """Added-up usage. `rows` and `storage` are by database, instance and day, `queries` by database, hour and text."""

    rows: dict[tuple[str, str, str], list[int]] = field(default_factory=dict)
    storage: dict[tuple[str, str, str], int] = field(default_factory=dict)
    queries: dict[tuple[str, int, str], list[int]] = field(default_factory=dict)

    def bookings(self) -> Measured:
        rows = [self._booking(key) for key in self.rows.keys() | self.storage.keys()]
        return rows, [QueryBooking(*key, *counts) for key, counts in self.queries.items()]

    def _booking(self, key: tuple[str, str, str]) -> Booking:
        rows_read, rows_written = self.rows.get(key, (0, 0))
        return Booking(*key, rows_read, rows_written, self.storage.get(key))

    def add(self, other: "_Sums") -> None:
        for key, counts in other.rows.items():
            _add(self.rows.setdefault(key, [0, 0]), counts)
        for query, counts in other.queries.items():
            _add(self.queries.setdefault(query, [0, 0]), counts)
        self.storage.update(other.storage)


class Meter:
    """Adds up usage. Call `write_journal` before a response is sent, and `take` to add the usage to the catalogue."""

    def __init__(self, clock: Clock, journal: Journal) -> None:
        self._clock, self._journal = clock, journal
        self._lock = threading.Lock()
        self._fresh = _Sums()
        self._in_journal = _Sums()

    def ran(self, database_id: str, instance: str, sql: str, rows_read: int, rows_written: int) -> None:
        """Count one statement that was run.

        If too many different statements wait for the catalogue, only the rows of a new statement are counted, and its
        text isn't recorded.
        """
        query = (database_id, int(self._clock.time() // 3600), sql.strip().rstrip(";")[:_LONGEST_QUERY])
        counts = (rows_read, rows_written)
        with self._lock:
            _add(self._fresh.rows.setdefault((database_id, instance, self._clock.today()), [0, 0]), counts)
            if not self._is_full or query in self._fresh.queries or query in self._in_journal.queries:
                _add(self._fresh.queries.setdefault(query, [0, 0]), counts)

    def set_size(self, database_id: str, instance: str, storage_bytes: int) -> None:
        """Record the current size of a database. It replaces an earlier size of the same day."""
        with self._lock:
            self._fresh.storage[database_id, instance, self._clock.today()] = storage_bytes

    def write_journal(self) -> None:
        """Write everything measured so far to the journal, so that a killed process doesn't lose it."""
        with self._lock:
            self._write_journal()

    def take(self) -> tuple[int, Measured] | None:
        """Return the usage to add to the catalogue, with the number of its journal file. None if nothing was used."""
        with self._lock:
            self._write_journal()
            taken, self._in_journal = self._in_journal, _Sums()
            if not (taken.rows or taken.storage):
                return None
            return self._journal.rotate(), taken.bookings()

    @property
    def _is_full(self) -> bool:
        return len(self._fresh.queries) + len(self._in_journal.queries) >= _QUERIES

    def _write_journal(self) -> None:
        if self._fresh.rows or self._fresh.storage:
            self._journal.write(*self._fresh.bookings())
            self._in_journal.add(self._fresh)
            self._fresh = _Sums()


def _add(counts: list[int], more: Iterable[int]) -> None:
    for at, number in enumerate(more):
        counts[at] += number
