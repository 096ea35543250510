"""The creation time in a `DbId`. Turso uses UUID version 7, and used version 1 before. Both contain a time."""

from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

_GREGORIAN: Final = datetime(1582, 10, 15, tzinfo=UTC)
"""The epoch of UUID version 1, which counts in units of 100 ns."""


def made_at(db_id: str) -> datetime | None:
    """Return when an ID was created, or None if it contains no time."""
    try:
        uuid = UUID(db_id)
    except ValueError:
        return None
    if uuid.version == 7:
        return _after_1970(uuid.int >> 80)
    if uuid.version == 1:
        return _GREGORIAN + timedelta(microseconds=uuid.time // 10)
    return None


def _after_1970(milliseconds: int) -> datetime | None:
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (OverflowError, ValueError):  # after the year 9999
        return None
