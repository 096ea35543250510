"""The facts about an organization from which alerts are decided."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from bot.core.alerts.billing import Period, period_of
from bot.core.alerts.hours import History
from bot.core.records.holds import Hold
from bot.core.records.tokens import LedgerToken
from bot.core.records.usage import UsageReading, UsageSample


@dataclass(frozen=True)
class Facts:
    """The facts about an organization at one time.

    An unknown fact is None or left out. No alert is raised because of it. An alert about usage can end after a day
    of unknown usage, and other alerts stay open.
    """

    organization: str
    now: datetime
    reading: UsageReading | None = None
    """The usage of this hour. None if there is no reading, for example because Turso didn't respond.

    No alert about usage is raised then.
    """
    readings: Sequence[UsageReading] = ()
    """The readings of the last weeks, oldest first, with `reading` at the end if there is one."""
    databases: Sequence[UsageSample] = ()
    """The newest counters of every database. Empty if `reading` is None."""
    history: History | None = None
    """What the busiest databases, and those with an open alert about a spike, used in past hours.

    None if `reading` is, or if no channel has alerts about spikes.
    """
    busiest: Sequence[str] = ()
    """The `DbId`s of the databases that were used enough in this hour for a spike."""
    tokens: Sequence[LedgerToken] | None = ()
    """The tokens that may work now. None if it isn't known whether their databases still exist."""
    holds: Sequence[Hold] | None = ()
    """The active holds: the reasons why databases are blocked now. None in the same case as `tokens`."""
    failures: Sequence[str] | None = None
    """One sentence for each kind of the bot's own work that fails or is late. None if that wasn't checked."""

    @property
    def limits(self) -> Mapping[str, int]:
        """Return the plan's quotas by measure. 0 means no limit. Measures whose quota is unknown are left out."""
        return (self.reading.limits if self.reading else None) or {}

    @cached_property
    def period(self) -> Period:
        """Return the billing period. `readings` must not be empty."""
        return period_of(self.readings)

    @cached_property
    def names(self) -> Mapping[str, str]:
        """Return the names of databases by `DbId`."""
        return {one.database_id: one.database for one in self.databases if one.database}
