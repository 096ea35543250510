"""Digests of channels, and usage samples of databases."""

from collections.abc import Mapping
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
    """The local time of posting: `09:00`."""
    tz: str
    by: str
    next_at: datetime
    last_period: str = ""
    """The last period that was posted or tried, such as `2026-W48`. It isn't posted again.

    `?` after it means that posting has begun, `!` that the digest couldn't be posted or wasn't allowed there.
    """


@dataclass(frozen=True, slots=True)
class UsageSample:
    """What a database has used since the start of the month, and its size, at a point in time."""

    organization: str
    database: str
    """Empty if the database's name isn't known."""
    database_id: str
    day: str
    """`2026-11-24` for the newest sample of that day (UTC), which stands for its end once the day is over.

    A sample for an earlier time on that day has the time appended.
    """
    rows_read: int | None
    """This and the following numbers are None if Turso didn't return them."""
    rows_written: int | None
    storage_bytes: int | None
    bytes_synced: int | None


@dataclass(frozen=True, slots=True)
class UsageReading:
    """What an organization has used since the start of its billing period, and its size, as of an hour."""

    organization: str
    at: datetime
    """The time at which the reading was due."""
    taken_at: datetime
    rows_read: int | None
    rows_written: int | None
    bytes_synced: int | None
    storage_bytes: int | None
    is_complete: bool = True
    """True if databases without a `UsageGrowth` for this hour weren't used. False if that is unknown."""
    limits: Mapping[str, int] | None = None
    """The plan's quotas by measure, such as `rows_read`. None if the plan wasn't read.

    0 means no limit. Measures whose quota is unknown are left out.
    """


@dataclass(frozen=True, slots=True)
class UsageGrowth:
    """What a database used in the hour before a reading. Unknown numbers are None."""

    organization: str
    at: datetime
    database_id: str
    rows_read: int | None
    rows_written: int | None
    bytes_synced: int | None
