"""Usage in the catalogue: totals per day and instance, and the statements that caused it per hour."""

import calendar
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import apsw

_KEPT_HOURS = 24 * 7


@dataclass(frozen=True)
class Usage:
    """The usage in a period. Rows and synced bytes are sums. Storage is the size at the period's end."""

    rows_read: int = 0
    rows_written: int = 0
    storage_bytes: int = 0
    bytes_synced: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.rows_read + other.rows_read,
            self.rows_written + other.rows_written,
            self.storage_bytes + other.storage_bytes,
            self.bytes_synced + other.bytes_synced,
        )


class Period(NamedTuple):
    """Days from `first` through `last`, as `YYYY-MM-DD`."""

    first: str
    last: str


def month_of(now: datetime) -> Period:
    """Return the billing cycle of a time: its calendar month."""
    return Period(f"{now:%Y-%m}-01", f"{now:%Y-%m}-{calendar.monthrange(now.year, now.month)[1]}")


class Booking(NamedTuple):
    """Usage to add to an instance's day. `storage_bytes` replaces the size unless it is None."""

    database_id: str
    instance: str
    day: str
    rows_read: int
    rows_written: int
    storage_bytes: int | None
    bytes_synced: int = 0


class QueryBooking(NamedTuple):
    """The rows that one statement read and wrote in an hour."""

    database_id: str
    hour: int
    query: str
    rows_read: int
    rows_written: int


def booked(connection: apsw.Connection) -> int:
    """Return the number of the last journal file whose usage was added, or 0."""
    row = connection.execute("SELECT booked FROM journal").fetchone()
    return int(row[0]) if row else 0


def book(
    connection: apsw.Connection,
    bookings: Iterable[Booking],
    queries: Iterable[QueryBooking],
    *,
    journal: int | None = None,
) -> None:
    """Add measured usage. When a database gets new statements, those more than a week older are deleted.

    `journal` is the number of the journal file with the same usage, which then counts as added.
    """
    if journal is not None:
        connection.execute("INSERT OR REPLACE INTO journal VALUES (1, ?)", (journal,))
    for booking in bookings:
        size = booking.storage_bytes if booking.storage_bytes is not None else _current_size(connection, booking)
        connection.execute(
            "INSERT INTO usage VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
            " rows_read = rows_read + excluded.rows_read, rows_written = rows_written + excluded.rows_written,"
            " storage_bytes = excluded.storage_bytes, bytes_synced = bytes_synced + excluded.bytes_synced",
            (*booking[:5], size, booking.bytes_synced),
        )
    for query in queries:
        connection.execute(
            "INSERT INTO queries VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
            " rows_read = rows_read + excluded.rows_read, rows_written = rows_written + excluded.rows_written",
            query,
        )
        connection.execute(
            "DELETE FROM queries WHERE database_id = ? AND hour < ?", (query.database_id, query.hour - _KEPT_HOURS)
        )


def _current_size(connection: apsw.Connection, booking: Booking) -> int:
    row = connection.execute(
        "SELECT storage_bytes FROM usage WHERE database_id = ? AND instance = ? ORDER BY day DESC LIMIT 1",
        (booking.database_id, booking.instance),
    ).fetchone()
    return int(row[0]) if row else 0


def of_database(connection: apsw.Connection, database_id: str, period: Period) -> dict[str, Usage]:
    """Return usage by instance UUID. Instances without any usage by the period's end are left out."""
    used: dict[str, Usage] = {}
    rows = connection.execute(
        "SELECT instance, sum(rows_read) FILTER (WHERE day >= ?), sum(rows_written) FILTER (WHERE day >= ?),"
        " sum(bytes_synced) FILTER (WHERE day >= ?), max(day), storage_bytes FROM usage"
        " WHERE database_id = ? AND day <= ? GROUP BY instance",
        (period.first, period.first, period.first, database_id, period.last),
    )
    for instance, read, written, synced, _, storage in rows:
        used[str(instance)] = Usage(int(read or 0), int(written or 0), int(storage), int(synced or 0))
    return used


def sum_of_organization(connection: apsw.Connection, organization: str, period: Period) -> Usage:
    """Return the usage of an organization as one sum."""
    by_database = of_organization(connection, organization, period).values()
    return total(used for by_instance in by_database for used in by_instance.values())


def of_organization(connection: apsw.Connection, organization: str, period: Period) -> dict[str, dict[str, Usage]]:
    """Return usage by database ID, then by instance UUID.

    Includes databases that were destroyed since the period's start, with a size of 0.
    """
    used: dict[str, dict[str, Usage]] = {}
    # SQLite takes the bare column `storage_bytes` from the row with the latest day.
    rows = connection.execute(
        "SELECT u.database_id, u.instance, sum(u.rows_read * (u.day >= ?)), sum(u.rows_written * (u.day >= ?)),"
        " sum(u.bytes_synced * (u.day >= ?)), u.storage_bytes * (d.deleted_at IS NULL), max(u.day)"
        " FROM databases d CROSS JOIN usage u ON u.database_id = d.id WHERE d.organization = ? AND u.day <= ?"
        " AND (d.deleted_at IS NULL OR d.deleted_at >= unixepoch(?)) GROUP BY u.database_id, u.instance",
        (period.first, period.first, period.first, organization, period.last, period.first),
    )
    for database_id, instance, read, written, synced, storage, _ in rows:
        usage = Usage(int(read), int(written), int(storage), int(synced))
        used.setdefault(str(database_id), {})[str(instance)] = usage
    return used


def total(usages: Iterable[Usage]) -> Usage:
    return sum(usages, start=Usage())


def top_queries(
    connection: apsw.Connection, database_id: str, since: float, limit: int = 10
) -> list[tuple[str, int, int]]:
    """Return the statements with the most rows read and written: the text, the rows read and the rows written.

    Counts whole hours, beginning with the hour of `since` (epoch seconds).
    """
    rows = connection.execute(
        "SELECT query, sum(rows_read), sum(rows_written) FROM queries WHERE database_id = ? AND hour >= ?"
        " GROUP BY query ORDER BY sum(rows_read) + sum(rows_written) DESC, query LIMIT ?",
        (database_id, int(since // 3600), limit),
    )
    return [(str(query), int(read), int(written)) for query, read, written in rows]
