"""Parse a time in the past as people write it: `14:02`, `15m ago`, `2026-11-27 14:02`, RFC 3339, `before INC-42`."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Any, Final
from zoneinfo import ZoneInfo

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from bot.core.parsing.arguments import INCIDENT_KEY, quoted, wrong_value
from bot.core.parsing.durations import NotADuration, parse_duration
from bot.core.parsing.local_times import shown_at, times_of
from bot.errors import BadInput

EXAMPLES: Final = "`14:02`, `15m ago` or `2026-11-27 14:02`"
EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_CLOCK: Final = r"(?P<clock>(?:[01]?[0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9])?)"
_DAY: Final = r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})"
_LOCAL: Final = re.compile(rf"(?:{_DAY}[ T])?{_CLOCK}(?P<utc>Z| UTC)?", re.IGNORECASE)
_EXACT: Final = re.compile(rf"{_DAY}[ T]{_CLOCK}(?:\.[0-9]+)?(?:Z|[+-][0-9]{{2}}:[0-9]{{2}})", re.IGNORECASE)
_AGO: Final = re.compile(r"(.{1,60}) ago", re.IGNORECASE)
_BEFORE: Final = re.compile(rf"before ({INCIDENT_KEY})", re.IGNORECASE)
_LONGEST_AGO: Final = 4
"""How many words `… ago` may have, such as `1 h 30m ago`. This isn't valid, but the error is then about the time."""


class Moment(str):
    """A time in the past, as typed. `at` needs the current time and a time zone to evaluate it."""

    __slots__ = ()

    @property
    def incident(self) -> str:
        """Return the incident's key in `before INC-42`. Empty for any other form."""
        match = _BEFORE.fullmatch(self)
        return match[1] if match else ""

    def at(self, now: datetime, zone: str) -> datetime:
        """Return the time in UTC.

        Args:
            now: `15m ago` is relative to it, and `14:02` is the last such time before it.
            zone: the person's time zone, such as `Europe/Berlin`, for texts that contain no time zone.
        Raises:
            BadInput: the time is in the future or before 1970, a change of the clocks skipped or repeated it, or the
                time zone is unknown.
        """
        assert not self.incident, "the start of an incident is in the store"
        moment = self._at(now, zone)
        if moment > now:
            raise BadInput(f"{quoted(self)} is in the future. Choose a time in the past.")
        if moment < EARLIEST:
            raise BadInput(f"{quoted(self)} is before 1970. Choose a later time.")
        return moment

    def _at(self, now: datetime, zone: str) -> datetime:
        if ago := _AGO.fullmatch(self):
            length = parse_duration(ago[1])
            return now - length if length <= now - EARLIEST else EARLIEST - timedelta(seconds=1)
        if _EXACT.fullmatch(self):
            return _exact(self)
        local = _LOCAL.fullmatch(self)
        assert local is not None, "validated when it was parsed"
        tz = UTC if local["utc"] else _zone(zone)
        clock = _clock(local["clock"])
        if local["day"]:
            return _only(self, datetime.combine(datetime.fromisoformat(local["day"]), clock), tz, now)
        return _last(self, clock, tz, now)

    @classmethod
    def of(cls, value: object) -> "Moment":
        """Validate a text. Raises a pydantic error that says what is wrong."""
        text = " ".join(str(value).strip().strip("`").split())
        if ago := _AGO.fullmatch(text):
            _check_duration(ago[1])
        elif _EXACT.fullmatch(text) or _LOCAL.fullmatch(text):
            _check_day(text)
        elif not _BEFORE.fullmatch(text):
            raise wrong_value(_why_no_moment(text))
        return cls(text)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            cls.of, serialization=core_schema.plain_serializer_function_ser_schema(str)
        )


def count_words(words: Sequence[str]) -> int:
    """Return how many of these words, from the first, are a moment: 2 for `15m ago`. At least 1."""
    lower = [word.lower() for word in words[:_LONGEST_AGO]]
    if "ago" in lower[1:]:
        return lower.index("ago", 1) + 1
    if lower[0] == "before":
        return min(2, len(lower))
    for count in (3, 2):
        if len(lower) >= count and _LOCAL.fullmatch(" ".join(words[:count])):
            return count
    is_exact = len(lower) > 1 and _EXACT.fullmatch(" ".join(words[:2]))
    return 2 if is_exact else 1


def _check_duration(text: str) -> None:
    try:
        parse_duration(text)
    except NotADuration as error:
        if error.is_understood:
            raise wrong_value(f"{error}.") from None
        raise wrong_value(
            f"I don't understand {quoted(f'{text} ago')}. Try `{{label}} {error.meant or '15m'} ago`."
        ) from None


def _check_day(text: str) -> None:
    try:
        if _EXACT.fullmatch(text):
            _exact(text)
        elif day := (_LOCAL.fullmatch(text) or {"day": None})["day"]:
            datetime.fromisoformat(day)
    except (ValueError, OverflowError):
        raise wrong_value(f"{quoted(text)} isn't a day or time that exists. Try {EXAMPLES}.") from None


def _why_no_moment(text: str) -> str:
    if not text:
        return f"`{{label}}` needs a time, such as {EXAMPLES}."
    try:
        parse_duration(text)
    except NotADuration:
        return f"I don't understand the time {quoted(text)}. Try {EXAMPLES}."
    return f"{quoted(text)} is a duration, not a point in time. Did you mean `{{label}} {text} ago`?"


def _exact(text: str) -> datetime:
    return datetime.fromisoformat(text.upper()).astimezone(UTC)


def _clock(text: str) -> time:
    return time.fromisoformat(text.zfill(5 if text.count(":") == 1 else 8))


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        raise BadInput("I don't know the time zone in your Slack profile. Write the time as `14:02 UTC`.") from None


def _last(text: str, clock: time, tz: tzinfo, now: datetime) -> datetime:
    """Return the last time before now at which clocks showed `clock`, today or yesterday.

    Raises:
        BadInput: a change of the clocks skipped the time on that day, or it occurred twice before now.
    """
    wall = shown_at(now, tz)
    today = datetime.combine(wall.date(), clock)
    is_to_come = today > wall and not any(one <= now for one in times_of(today, tz))
    return _only(text, today - timedelta(days=1) if is_to_come else today, tz, now)


def _only(text: str, local: datetime, tz: tzinfo, now: datetime) -> datetime:
    """Return the time at which clocks showed `local`, or the first such time if all are in the future.

    Raises:
        BadInput: a change of the clocks skipped the time, it occurred twice before now, or it is out of range.
    """
    try:
        fitting = times_of(local, tz)
    except OverflowError:
        raise BadInput(f"{quoted(text)} is out of range. Choose a time such as {EXAMPLES}.") from None
    if not fitting:
        raise BadInput(f"Clocks in your time zone skipped {quoted(text)} on {local:%Y-%m-%d}. Choose another time.")
    past = [one for one in fitting if one <= now]
    if len(past) > 1:
        form = "%Y-%m-%d %H:%M:%S" if local.second else "%Y-%m-%d %H:%M"
        first, second = (f"`{one:{form}} UTC`" for one in past)
        raise BadInput(f"Clocks in your time zone showed {quoted(text)} twice that day. Write {first} or {second}.")
    return past[0] if past else fitting[0]
