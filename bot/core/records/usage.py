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
    """0 is Monday; for `weekly`."""
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
    """`2026-11-24` (UTC) for the end of that day, or with a time appended, for that time."""
    rows_read: int | None
    """None, as in the other numbers: Turso didn't say."""
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
    """True if a database without a `UsageGrowth` of this hour wasn't used in it. False: that isn't known."""


@dataclass(frozen=True, slots=True)
class UsageGrowth:
    """What one database used in the hour before a reading. None: not known."""

    organization: str
    at: datetime
    database_id: str
    rows_read: int | None
    rows_written: int | None
    bytes_synced: int | None
