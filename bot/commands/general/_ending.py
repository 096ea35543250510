"""When an absence ends: after a duration, on a day, or at a time, in the person's time zone."""

import re
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

from bot.core.parsing.arguments import quoted
from bot.core.parsing.durations import NotADuration, parse_duration
from bot.errors import BadInput

LONGEST: Final = timedelta(days=60)
HOW: Final = "Use a time such as `18:00`, `3d`, `2026-12-01` or `2026-12-01 18:00`."
_FORM: Final = re.compile(
    r"(?:(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ]+(?=[0-9]))?)?(?P<clock>[0-9]{1,2}:[0-9]{2})?", re.ASCII
)


def ending(text: str, zone: str, now: datetime) -> datetime:
    """Return when an absence ends, in UTC. A day without a time means the beginning of that day.

    A time without a day is the next such time. If `zone` isn't known, times are in UTC.

    Raises:
        BadInput: it isn't a time, has passed, is out of range, or is further away than `LONGEST`.
    """
    try:
        until = _moment(text.strip(), _zone(zone), now)
    except OverflowError:  # a day at the end of the calendar can be out of range in UTC
        raise BadInput(f"{quoted(text)} is out of range. {HOW}") from None
    if until <= now:
        raise BadInput(f"{quoted(text)} has passed. {HOW}")
    if until > now + LONGEST:
        raise BadInput(f"You can be away for at most {LONGEST.days} days. {HOW}")
    return until


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return UTC


def _moment(text: str, zone: tzinfo, now: datetime) -> datetime:
    match = _FORM.fullmatch(text)
    if not text or match is None:
        return _after(text, now)
    local = now.astimezone(zone)
    try:
        clock = time.fromisoformat(match["clock"].zfill(5)) if match["clock"] else time(0)
        day = datetime.fromisoformat(match["day"]).date() if match["day"] else local.date()
    except ValueError:
        raise BadInput(f"{quoted(text)} isn't a time. {HOW}") from None
    days = [day] if match["day"] else [day, day + timedelta(days=1)]
    # A time in the hour that clocks repeat in autumn occurs twice. Use the first occurrence that hasn't passed.
    moments = [datetime.combine(one, clock.replace(fold=fold), zone) for one in days for fold in (0, 1)]
    every = [one.astimezone(UTC) for one in moments]
    return next((one for one in every if one > now), every[-1])


def _after(text: str, now: datetime) -> datetime:
    try:
        return now + min(parse_duration(text), LONGEST + timedelta(days=1))
    except NotADuration:
        raise BadInput(f"{quoted(text)} isn't a time. {HOW}") from None
