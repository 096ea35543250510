"""One alert: what was measured, against what, since when, and whether it has ended."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

RAISED: Final = "alert_raised"
"""The event of the notice that an alert was raised."""
ENDED: Final = "alert_ended"
"""The event of the notice that it has ended."""


class AlertKind(StrEnum):
    """What an alert is about."""

    QUOTA = "quota"
    """The organization has used a share of what its plan includes."""
    SPIKE = "spike"
    """A database is used far more than it usually is at this hour of the week."""
    FORECAST = "forecast"
    """The organization will have used up a quota before the billing period ends."""
    TOKENS = "tokens"
    """Tokens of several people for one database expire within a day."""
    FREEZE = "freeze"
    """A database has been frozen for more than a week."""
    FAILURES = "failures"
    """Work of the bot itself fails or is late."""


class Measure(StrEnum):
    """The number that an alert is about, with its unit."""

    ROWS_READ = "rows_read"
    ROWS_WRITTEN = "rows_written"
    STORAGE = "storage_bytes"
    BYTES_SYNCED = "bytes_synced"
    HOLDERS = "holders"
    """People whose tokens expire."""
    DAYS = "days"
    """How long a database has been frozen."""
    FAILURES = "failures"
    """Work that fails or is late, and outcomes of which nobody was notified."""


class AlertEnd(StrEnum):
    """Why an alert has ended."""

    BELOW = "below"
    """The number is below the threshold again."""
    RESET = "reset"
    """A new billing period has begun."""
    HIGHER = "higher"
    """The next threshold was reached. It has its own alert."""
    REACHED = "reached"
    """What was forecast has happened: the quota is used up."""
    OVER = "over"
    """The token, freeze or failure no longer exists."""
    OFF = "off"
    """Alerts were turned off in the channel, or the threshold was removed."""
    UNWATCHED = "unwatched"
    """The channel can't have alerts about the organization: the policy or Slack no longer lets it."""
    UNKNOWN = "unknown"
    """For a day, it hasn't been known whether the state continues."""


UNTOLD_ENDS: Final = (AlertEnd.OFF, AlertEnd.UNWATCHED, AlertEnd.UNKNOWN)
"""Ends after which the state may continue unnoticed.

If it still holds when that is known and the channel has alerts, a new alert is posted.
"""


class Contributor(NamedTuple):
    """A database and its share of what an alert measured."""

    database: str
    """Empty if its name isn't known, because the database was destroyed."""
    database_id: str
    amount: int


class Figure(NamedTuple):
    """One bar of an alert's chart."""

    at: str
    """When the interval began, `2026-11-24T09:00:00+00:00`."""
    amount: int | None
    """None if it isn't known."""


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert in one channel. It is stored before it is posted.

    Of alerts with the same channel, kind, subject, measure, threshold and period there is at most one, and of those
    that haven't ended at most one for all periods. Alerts with one of the `UNTOLD_ENDS` don't count.
    """

    id: str
    kind: AlertKind
    organization: str
    channel_id: str
    measure: Measure
    threshold: str
    """`80` (percent of the quota), `5x` (times the usual), `3` (people), `7` (days), `1` (failures).

    Forecasts have `100`.
    """
    period: str
    """The billing period (`2026-11`), the hour in which a spike began, or another key that identifies the state."""
    since: datetime
    """When the state began, as far as is known."""
    raised_at: datetime
    measured: int
    """In the unit of the measure."""
    compared: int | None = None
    """What `measured` is compared with: the quota, or the usual number of a database at this time. None if nothing."""
    subject: str = ""
    """The name of the database. Empty for the organization."""
    subject_id: str = ""
    """Its `DbId`. Empty for the organization."""
    contributors: tuple[Contributor, ...] = ()
    """The databases of the channel that contribute most, largest first, at most three."""
    figures: tuple[Figure, ...] = ()
    """Recent numbers for a chart, oldest first."""
    details: tuple[str, ...] = ()
    """For tokens: the holders' user IDs. For failures: one sentence each."""
    expected_at: datetime | None = None
    """For a forecast: when the quota will be used up."""
    earliest_at: datetime | None = None
    latest_at: datetime | None = None
    """With a probability of 90%, it is used up between these times."""
    notify: tuple[str, ...] = ()
    """The user IDs and user group IDs to mention."""
    card_ts: str | None = None
    ended_at: datetime | None = None
    end: AlertEnd | None = None

    @property
    def is_open(self) -> bool:
        """Return True until the state has ended."""
        return self.ended_at is None

    @property
    def is_told(self) -> bool:
        """Return True if people aren't notified of the same state again in its period.

        False if the alert ended only because nobody watched or nothing was known: then people don't know whether the
        state continued.
        """
        return self.end not in UNTOLD_ENDS

    @property
    def is_of_database(self) -> bool:
        """Return True if it is about one database, and False if it is about the organization."""
        return bool(self.subject_id)

    @property
    def key(self) -> str:
        """Return the key of the state within a channel, which is the same in every period.

        A database with more reads and more writes than usual has one spike, so its measure isn't part of the key.
        """
        measure = "" if self.kind is AlertKind.SPIKE else self.measure.value
        return "/".join((self.kind.value, self.organization, self.subject_id, measure, self.threshold))
