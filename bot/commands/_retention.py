"""How far back Turso can copy a database, by the plan of the organization."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from bot.blocks.text import span, utc
from bot.errors import BadInput
from bot.turso import Database
from bot.turso.models import Quotas

MINIMUM: Final = timedelta(hours=24)
"""What every plan has."""
_DAYS: Final[Mapping[str, int]] = MappingProxyType(
    {"starter": 1, "free": 1, "developer": 10, "scaler": 30, "pro": 90},
)
"""Source: https://docs.turso.tech/features/point-in-time-recovery"""


KEEPS: Final = "keeps_seconds"
"""Key in a plan's arguments: how far back Turso could copy when the plan was made."""


@dataclass(frozen=True, slots=True)
class Retention:
    """How far back Turso keeps what is needed for a copy."""

    length: timedelta
    plan: str = ""
    """The plan that has it. Empty: the plan isn't known, so only what every plan has counts."""

    @property
    def seconds(self) -> int:
        """Return its length, as a plan stores it."""
        return int(self.length.total_seconds())

    @property
    def words(self) -> str:
        """Return it as a fact: `30 days (plan scaler)`."""
        of = f"plan {self.plan}" if self.plan else "the minimum of every plan, because yours isn't known"
        return f"{span(self.length)} ({of})"


def retention_of(quotas: Quotas | None) -> Retention:
    """Return the retention of a plan. For an unknown plan, only the documented minimum is certain."""
    plan = quotas.plan.lower() if quotas else ""
    days = _DAYS.get(plan)
    return Retention(timedelta(days=days), plan) if days else Retention(MINIMUM)


def require_reach(retention: Retention, database: Database, at: datetime, now: datetime) -> None:
    """Refuse a moment that is further back than Turso can copy, or at which the database didn't exist.

    Raises:
        BadInput: it is too long ago.
    """
    if why := why_out_of_reach(retention.length, at, now):
        unknown = "" if retention.plan else " Turso didn't say which plan you have, so I can't go further back."
        raise BadInput(f"{why}{unknown}")
    if database.made_at and at < database.made_at:
        raise BadInput(f"`{database.name}` was created {utc(database.made_at)}, after the time that you chose.")


def why_out_of_reach(length: timedelta, at: datetime, now: datetime) -> str | None:
    """Return that a moment is too long ago, or None."""
    if at >= now - length:
        return None
    return f"Turso can copy a database as it was up to {span(length)} ago, and {utc(at)} is longer ago than that."
