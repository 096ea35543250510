"""How far back Turso can copy a database. It depends on the organization's plan."""

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
"""The retention that every plan has at least."""
UNKNOWN_PLAN: Final = "That is the minimum for any plan. I don't know how much history your plan keeps."
_DAYS: Final[Mapping[str, int]] = MappingProxyType(
    {"starter": 1, "free": 1, "developer": 10, "scaler": 30, "pro": 90},
)
"""Source: https://docs.turso.tech/features/point-in-time-recovery"""


RETENTION_KEY: Final = "keeps_seconds"
"""Key in the arguments of a request's plan: how far back Turso could copy when the request was planned."""


@dataclass(frozen=True, slots=True)
class Retention:
    """How far back Turso can copy the organization's databases, and the plan that sets this."""

    length: timedelta
    plan: str = ""
    """The name of Turso's plan. Empty if Turso didn't return it, or it isn't in `_DAYS`. Then `MINIMUM` applies."""

    @property
    def seconds(self) -> int:
        """Return the length in whole seconds, for the arguments of a request's plan."""
        return int(self.length.total_seconds())

    @property
    def words(self) -> str:
        """Return the text for a card: `30 days (scaler plan)`."""
        of = f"{self.plan} plan" if self.plan else "the minimum for any plan, because yours isn't known"
        return f"{span(self.length)} ({of})"


def retention_of(quotas: Quotas | None) -> Retention:
    """Return the retention of a plan. For one that isn't in `_DAYS`, only the documented minimum is certain."""
    plan = quotas.plan.lower() if quotas else ""
    days = _DAYS.get(plan)
    return Retention(timedelta(days=days), plan) if days else Retention(MINIMUM)


def require_copyable(retention: Retention, database: Database, at: datetime, now: datetime) -> None:
    """Refuse a moment that is further back than Turso can copy, or at which the database didn't exist.

    Raises:
        BadInput: it is too long ago, or the database didn't exist yet.
    """
    if why := why_out_of_reach(retention.length, at, now):
        raise BadInput(why if retention.plan else f"{why} {UNKNOWN_PLAN}")
    if database.made_at and at < database.made_at:
        raise BadInput(f"`{database.name}` didn't exist at that time. It was created {utc(database.made_at)}.")


def why_out_of_reach(length: timedelta, at: datetime, now: datetime) -> str | None:
    """Return a sentence that says why a time is too long ago. None if it isn't."""
    if at >= now - length:
        return None
    return f"Turso can go back {span(length)} at most, and {utc(at)} is earlier than that."
