"""One alert: what was measured, against what, since when, and whether it has ended."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

RAISED: Final = "alert_raised"
"""The `event` of the notice that an alert was raised."""
ENDED: Final = "alert_ended"
"""The `event` of the notice that an alert has ended."""


class AlertKind(StrEnum):
    """What an alert is about."""

    QUOTA = "quota"
    """The organization has used a given percentage of a quota of its plan."""
    SPIKE = "spike"
    """A database is used far more than usual at this hour of the week, or of the day if too few weeks are known."""
    FORECAST = "forecast"
    """A quota is expected to be used up before the billing period ends, or within 30 days for storage."""
    TOKENS = "tokens"
    """The last tokens of several people for one database expire within a day."""
    FREEZE = "freeze"
    """A database has been frozen for more than a week."""
    FAILURES = "failures"
    """Some of the bot's own work fails or is late."""


KINDS_ABOUT_QUOTAS: Final = (AlertKind.QUOTA, AlertKind.FORECAST)
"""The kinds of alerts that are raised again in a period if the quota has changed."""


class Measure(StrEnum):
    """The number that an alert is about, with its unit."""

    ROWS_READ = "rows_read"
    ROWS_WRITTEN = "rows_written"
    STORAGE = "storage_bytes"
    BYTES_SYNCED = "bytes_synced"
    HOLDERS = "holders"
    """The number of people whose tokens expire."""
    DAYS = "days"
    """The number of days for which a database has been frozen."""
    FAILURES = "failures"
    """The number of problems with the bot's own work, such as failing loops and outcomes without a notification."""


class AlertEnd(StrEnum):
    """Why an alert has ended."""

    BELOW = "below"
    """The number is clearly below the threshold again, or what was forecast is no longer likely."""
    RESET = "reset"
    """A new billing period has begun."""
    HIGHER = "higher"
    """A higher threshold was reached, which has its own alert."""
    REACHED = "reached"
    """What was forecast has happened: the quota is used up."""
    OVER = "over"
    """No such tokens expire soon anymore (they have expired, for example), or the freeze or the failures are over."""
    OFF = "off"
    """Alerts were turned off in the channel, or the threshold was removed or changed."""
    UNWATCHED = "unwatched"
    """The policy or Slack no longer allows the alert in the channel, or the policy no longer has the organization."""
    UNKNOWN = "unknown"
    """For a day, it couldn't be determined whether the state continues. Or the plan no longer has a limit for it."""


INCONCLUSIVE_ENDS: Final = (AlertEnd.OFF, AlertEnd.UNWATCHED, AlertEnd.UNKNOWN)
"""The ends that don't mean that the state is over.

If the channel has alerts again and the state still holds, a new alert is posted, even in the same period.
"""


class Contributor(NamedTuple):
    """A database, and its part of what an alert measured."""

    database: str
    """Empty if its name isn't known, for example because the database was destroyed."""
    database_id: str
    amount: int


class Figure(NamedTuple):
    """One bar of an alert's chart."""

    at: str
    """The day or time that the bar is for, in ISO format: `2026-11-24` or `2026-11-24T09:00:00+00:00`."""
    amount: int | None
    """None if it isn't known."""


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert in one channel. It is stored before it is posted.

    There is at most one alert per channel, `key` and `occurrence`, not counting those that ended with one of the
    `INCONCLUSIVE_ENDS`. At most one alert per channel and `key` is open.
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
    """The key of this occurrence of the state: a billing period, a spike's hour, a freeze's ID or a day.

    A billing period has its month (`2026-11`), or the day of its start if that isn't the first of a month.
    """
    since: datetime
    """When the state began, as far as is known."""
    raised_at: datetime
    measured: int
    """In the unit of the measure."""
    compared: int | None = None
    """The quota, or a database's usual usage at this time. None if `measured` isn't compared with anything."""
    subject: str = ""
    """The name of the database. Empty for the organization."""
    subject_id: str = ""
    """The database's `DbId`. Empty for the organization."""
    contributors: tuple[Contributor, ...] = ()
    """The channel's databases that contribute most to `measured`, largest first, at most three."""
    figures: tuple[Figure, ...] = ()
    """Recent numbers for a chart, oldest first."""
    details: tuple[str, ...] = ()
    """For tokens: the holders' user IDs. For failures: one sentence each."""
    expected_at: datetime | None = None
    """For a forecast: when the quota will be used up."""
    earliest_at: datetime | None = None
    latest_at: datetime | None = None
    """With a probability of 90%, the quota is used up between `earliest_at` and this time."""
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
    def prevents_repeat(self) -> bool:
        """Return True unless the alert ended with one of the `INCONCLUSIVE_ENDS`.

        If True, no other alert is raised about the same occurrence of the state.
        """
        return self.end not in INCONCLUSIVE_ENDS

    @property
    def is_of_database(self) -> bool:
        """Return True for an alert about one database, and False for one about the organization."""
        return bool(self.subject_id)

    @property
    def key(self) -> str:
        """Return the key that identifies the alert's state within its channel, in every period.

        If a database has more reads and more writes than usual, it is one spike. So its measure isn't part of the key.
        """
        measure = "" if self.kind is AlertKind.SPIKE else self.measure.value
        return "/".join((self.kind.value, self.organization, self.subject_id, measure, self.threshold))

    @property
    def occurrence(self) -> tuple[str, int | None]:
        """Return the period, and the quota for an alert about one. After a change of plan, a state can occur again."""
        return self.period, self.compared if self.kind in KINDS_ABOUT_QUOTAS else None
