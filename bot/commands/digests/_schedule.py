"""When a digest is due, and which period it is about."""

import re
from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from bot.core.records.usage import Digest

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_TIME: Final = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")


def zone(name: str) -> ZoneInfo | None:
    """Return a time zone by its name, such as `Europe/Berlin`; None: there is none."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return None


def clock_time(text: str) -> str | None:
    """Read `9:00` as `09:00`; None: it is no time."""
    found = _TIME.fullmatch(text)
    return f"{int(found[1]):02}:{found[2]}" if found else None


def weekday(text: str) -> int | None:
    """Read `mon` or `Monday`: 0; None: it is no day."""
    word = text.lower()[:3]
    long = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    return DAYS.index(word) if text.lower() in (*DAYS, *long) else None


def next_due(digest: Digest, after: datetime) -> datetime:
    """Return the first moment after `after` at which the digest is due, in its own time zone."""
    tz = zone(digest.tz) or UTC
    at = time.fromisoformat(digest.at)
    local = after.astimezone(tz)
    for days in range(9):
        day = local.date() + timedelta(days=days)
        if digest.cadence == "weekly" and day.weekday() != digest.weekday:
            continue
        due = datetime.combine(day, at, tz).astimezone(UTC)
        if due > after:
            return due
    raise AssertionError("every week has each of its days")


def length(digest: Digest) -> timedelta:
    """Return how long a digest looks back."""
    return timedelta(days=7 if digest.cadence == "weekly" else 1)


def period_name(digest: Digest, due: datetime) -> str:
    """Name the period that a digest due then is about: a name that was posted is not posted again."""
    local = due.astimezone(zone(digest.tz) or UTC)
    return f"{local:%G-W%V}" if digest.cadence == "weekly" else f"{local:%Y-%m-%d}"
