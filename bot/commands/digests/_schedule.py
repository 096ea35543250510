"""The schedule of a digest: when it is due, and which period it covers."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from bot.core.records.usage import Digest

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_LONG_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_TIME: Final = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")


def zone(name: str) -> ZoneInfo | None:
    """Return a time zone by name, such as `Europe/Berlin`, or None."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return None


def clock_time(text: str) -> str | None:
    """Parse `9:00` as `09:00`. None if it isn't a time."""
    match = _TIME.fullmatch(text)
    return f"{int(match[1]):02}:{match[2]}" if match else None


def weekday(text: str) -> int | None:
    """Parse `mon` or `Monday` as 0. None if it isn't a day."""
    word = text.lower()[:3]
    return DAYS.index(word) if text.capitalize() in _LONG_DAYS or text.lower() in DAYS else None


def next_due(digest: Digest, after: datetime) -> datetime:
    """Return the first time after `after` when the digest is due by its time zone, as a time in UTC.

    If clocks skip the digest's time on a day, it is due later by the amount that they skip. If they show the time
    twice, it is due only at the first.
    """
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


def schedule_of(arguments: Mapping[str, Any]) -> str:
    """Format a schedule for people: `Mondays at 9:00 AM (New York)`.

    Args:
        arguments: the arguments of a plan: `cadence`, `weekday`, `at` and `tz`.
    """
    hour, minute = (int(part) for part in str(arguments["at"]).split(":"))
    clock = f"{hour % 12 or 12}:{minute:02} {'AM' if hour < 12 else 'PM'}"
    days = "every day" if arguments["cadence"] == "daily" else f"{_LONG_DAYS[arguments['weekday']]}s"
    return f"{days} at {clock} ({str(arguments['tz']).rpartition('/')[2].replace('_', ' ')})"


def length(digest: Digest) -> timedelta:
    """Return the length of a digest's period."""
    return timedelta(days=7 if digest.cadence == "weekly" else 1)


def period_name(digest: Digest, due: datetime) -> str:
    """Return the name of the period of a digest that is due at a time. At most one digest is posted for each name."""
    local = due.astimezone(zone(digest.tz) or UTC)
    return f"{local:%G-W%V}" if digest.cadence == "weekly" else f"{local:%Y-%m-%d}"
