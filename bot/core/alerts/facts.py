"""The facts of an organization about which alerts are decided."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from bot.core.alerts.alert import Measure
from bot.core.alerts.billing import Period, period_of
from bot.core.alerts.hours import History
from bot.core.records.holds import Hold
from bot.core.records.tokens import LedgerToken
from bot.core.records.usage import UsageReading, UsageSample


@dataclass(frozen=True)
class Facts:
    """What is known of an organization now. What isn't known is missing, and nothing follows from it."""

    organization: str
    now: datetime
    reading: UsageReading | None = None
    """The usage of this hour. None: Turso didn't answer, so that nothing about usage is decided."""
    readings: Sequence[UsageReading] = ()
    """The last weeks, oldest first, and `reading` at the end."""
    quotas: Mapping[Measure, int] | None = None
    """What the plan includes. None: Turso didn't say. A measure without a limit is missing."""
    databases: Sequence[UsageSample] = ()
    """The counters of every database in this billing period."""
    history: History | None = None
    """What the busiest databases of this hour used at such hours before."""
    busiest: Sequence[str] = ()
    """Their `DbId`s."""
    tokens: Sequence[LedgerToken] = ()
    """The tokens that may work now."""
    holds: Sequence[Hold] = ()
    """The reasons why databases are blocked now."""
    failures: Sequence[str] | None = None
    """One sentence for each kind of work of the bot itself that fails or is late. None: not known."""

    @cached_property
    def period(self) -> Period:
        """Return the billing period. There must be a reading."""
        return period_of(self.readings)

    @cached_property
    def names(self) -> Mapping[str, str]:
        """Return the names of databases by `DbId`."""
        return {one.database_id: one.database for one in self.databases if one.database}
