"""What a `DbId` tells: Turso's are UUIDs of version 7, older ones of version 1, and both hold a time."""

from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

_GREGORIAN: Final = datetime(1582, 10, 15, tzinfo=UTC)
"""From here version 1 counts, in tenths of a microsecond."""


def made_at(db_id: str) -> datetime | None:
    """Return the moment at which an id was made; None: it does not tell."""
    try:
        found = UUID(db_id)
    except ValueError:
        return None
    if found.version == 7:
        return _after_1970(found.int >> 80)
    if found.version == 1:
        return _GREGORIAN + timedelta(microseconds=found.time // 10)
    return None


def _after_1970(milliseconds: int) -> datetime | None:
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (OverflowError, ValueError):  # after the year 9999
        return None
