"""Digests of channels, and usage samples of databases."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Digest:
    """A channel's usage digest."""

    channel_id: str
    organization: str
    cadence: str
    """`weekly` or `daily`."""
    weekday: int
    """0 is Monday. Only for `weekly`."""
    at: str
    """Local time, `09:00`."""
    tz: str
    by: str
    next_at: datetime
    last_period: str = ""
    """The last posted period, such as `2026-W48`, which isn't posted again. A suffix shows the result."""


@dataclass(frozen=True, slots=True)
class UsageSample:
    """The usage of a database since the start of its month, at a point in time."""

    organization: str
    database: str
    database_id: str
    day: str
    """`2026-11-24` means the end of that day (UTC). With a time appended, it means that time."""
    rows_read: int | None
    """None, here and in the other numbers, if Turso didn't return it."""
    rows_written: int | None
    storage_bytes: int | None
    bytes_synced: int | None


@dataclass(frozen=True, slots=True)
class UsageReading:
    """The usage of an organization since the start of its billing period, as of an hour."""

    organization: str
    at: datetime
    """The hour for which it was due."""
    taken_at: datetime
    rows_read: int | None
    rows_written: int | None
    bytes_synced: int | None
    storage_bytes: int | None
    is_complete: bool = True
    """Whether a database without a `UsageGrowth` for this hour wasn't used. False means that this isn't known."""


@dataclass(frozen=True, slots=True)
class UsageGrowth:
    """What one database used in the hour before a reading. None if it isn't known."""

    organization: str
    at: datetime
    database_id: str
    rows_read: int | None
    rows_written: int | None
    bytes_synced: int | None
