"""Usage: the digests of channels, and the samples from which past periods are computed."""

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
    """The period last posted, such as `2026-W48`: it is not posted twice. A sign behind it says how that went."""


@dataclass(frozen=True, slots=True)
class UsageSample:
    """What a database had used at a moment since the start of its month."""

    organization: str
    database: str
    database_id: str
    day: str
    """`2026-11-24`, UTC: as of its end; or, with a time behind it, as of that moment."""
    rows_read: int | None
    """Of this and the other numbers: None, if Turso didn't say."""
    rows_written: int | None
    storage_bytes: int | None
    bytes_synced: int | None
