"""Measures of use, gathered from every thread and booked into the catalogue now and then."""

import threading
from collections.abc import Callable

from bot.sandbox.platform.catalog.usage import Booking, QueryBooking
from bot.sandbox.platform.clock import Clock

_LONGEST_QUERY = 1000
_QUERIES = 1000


class Meter:
    """Adds up; `take` hands over what there is and begins anew."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._rows: dict[tuple[str, str, str], list[int]] = {}
        self._storage: dict[tuple[str, str, str], int] = {}
        self._queries: dict[tuple[str, int, str], list[int]] = {}

    def ran(self, database_id: str, instance: str, sql: str, rows_read: int, rows_written: int) -> None:
        """One statement was run."""
        query = (database_id, int(self._clock.time() // 3600), sql.strip().rstrip(";")[:_LONGEST_QUERY])
        with self._lock:
            _add(self._rows.setdefault((database_id, instance, self._clock.today()), [0, 0]), rows_read, rows_written)
            if len(self._queries) < _QUERIES or query in self._queries:
                _add(self._queries.setdefault(query, [0, 0]), rows_read, rows_written)

    def holds(self, database_id: str, instance: str, storage_bytes: int) -> None:
        """The database has this size now."""
        with self._lock:
            self._storage[database_id, instance, self._clock.today()] = storage_bytes

    def flush(self, book: Callable[[list[Booking], list[QueryBooking]], None]) -> None:
        """Hand everything to `book` and begin anew."""
        with self._lock:
            rows, self._rows = self._rows, {}
            storage, self._storage = self._storage, {}
            queries, self._queries = self._queries, {}
        bookings = [_booking(key, rows, storage) for key in rows.keys() | storage.keys()]
        if bookings:
            book(bookings, [QueryBooking(*key, *counts) for key, counts in queries.items()])


def _booking(
    key: tuple[str, str, str], rows: dict[tuple[str, str, str], list[int]], storage: dict[tuple[str, str, str], int]
) -> Booking:
    rows_read, rows_written = rows.get(key, (0, 0))
    return Booking(*key, rows_read, rows_written, storage.get(key))


def _add(counts: list[int], rows_read: int, rows_written: int) -> None:
    counts[0] += rows_read
    counts[1] += rows_written
