"""Parse and format durations in Turso's grammar (`30m`, `2d12h`, `1.5h`) and lifetimes (also `never`)."""

import re
from datetime import timedelta
from decimal import Decimal
from typing import Final

from bot.core.model import NEVER, Lifetime, Never

_NANOSECONDS: Final = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "μs": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
    "d": 86_400_000_000_000,
    "w": 604_800_000_000_000,
}
_LONGEST: Final = 2**63 - 1
_PART: Final = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)([^0-9.]*)")
_SIMPLE: Final = re.compile(r"([1-9][0-9]{0,3})([smhdw])")
_LONG_FORMS: Final = {
    "sec": "s",
    "second": "s",
    "min": "m",
    "minute": "m",
    "hour": "h",
    "hr": "h",
    "day": "d",
    "week": "w",
}


class NotADuration(ValueError):
    """Raised for a text that isn't a duration. `str(error)` is a sentence without a full stop."""

    def __init__(self, why: str, *, is_understood: bool = False, meant: str = "") -> None:
        super().__init__(why)
        self.is_understood = is_understood
        """True if the text is a duration that can't be used: zero, negative or too long."""
        self.meant = meant
        """The spelling that was probably meant, or an empty string."""


def parse_duration(text: str) -> timedelta:
    """Parse a duration. The result is truncated to microseconds, and at least one.

    Raises:
        NotADuration: says what is wrong.
    """
    if simple := _SIMPLE.fullmatch(text):
        return timedelta(microseconds=int(simple[1]) * _NANOSECONDS[simple[2]] // 1_000)
    nanoseconds = _nanoseconds(text)
    if nanoseconds <= 0:
        raise NotADuration(f"{_quote(text)} must be longer than zero", is_understood=True)
    if nanoseconds > _LONGEST:
        raise NotADuration(f"{_quote(text)} is too long for Turso (about 290 years at most)", is_understood=True)
    return timedelta(microseconds=max(1, int(nanoseconds) // 1_000))


def parse_lifetime(text: str) -> Lifetime:
    """Parse a lifetime: a duration, or NEVER for `never`. Raises NotADuration."""
    if text == "never":
        return NEVER
    if text.lower() in ("never", "none", "default", "forever"):
        raise NotADuration(f"Write `never` instead of {_quote(text)}", meant="never")
    return parse_duration(text)


def duration_text(duration: timedelta) -> str:
    """Format a duration in Turso's grammar: `2d12h`, `1m30s`. Days are used from two days on, so one day is `24h`."""
    left = duration // timedelta(microseconds=1)
    parts = []
    for unit in ("d", "h", "m", "s", "ms", "us")[duration < timedelta(days=2) :]:
        count, left = divmod(left, _NANOSECONDS[unit] // 1_000)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def lifetime_text(lifetime: Lifetime) -> str:
    """Format a lifetime as it is typed: `8h`, `never`."""
    return "never" if isinstance(lifetime, Never) else duration_text(lifetime)


def _nanoseconds(text: str) -> Decimal:
    sign = -1 if text[:1] == "-" else 1
    body = text[1:] if text[:1] in ("+", "-") else text
    if body == "0":
        return Decimal(0)
    if not body:
        raise NotADuration(f"{_quote(text)} has no number" if text else "it is empty")
    total, at = Decimal(0), 0
    while at < len(body):
        part = _PART.match(body, at)
        if part is None:
            raise NotADuration(f"{_quote(text)} has no number before {_quote(body[at:])}")
        total += Decimal(part[1]) * _unit(text, part[2])
        at = part.end()
    return sign * total


def _unit(text: str, unit: str) -> int:
    known = _NANOSECONDS.get(unit)
    if known is not None:
        return known
    if not unit:
        raise NotADuration(f"{_quote(text)} lacks a unit: `s`, `m`, `h`, `d` or `w`")
    if " " in unit:
        raise NotADuration(f"{_quote(text)} has a space in it", meant=_probable_duration(text))
    plain = unit.lower().removesuffix("s") or "s"
    if plain in ("y", "mo"):
        hint = "; count in days (`d`) or weeks (`w`)"
    else:
        meant = plain if plain in "smhdw" else _LONG_FORMS.get(plain)
        hint = f"; write `{meant}`" if meant else ""
    raise NotADuration(f"{_quote(text)} has the unknown unit {_quote(unit)}{hint}", meant=_probable_duration(text))


def _probable_duration(text: str) -> str:
    """Return the probable meaning of a text: `30m` for `30 min`. Empty if it isn't clear."""
    match = re.fullmatch(r"([0-9]{1,6}) ?([a-z]+?)s?", text.lower())
    unit = _LONG_FORMS.get(match[2], match[2] if match[2] in "smhdw" else "") if match else ""
    return f"{match[1]}{unit}" if match and unit else ""


def _quote(text: str) -> str:
    shown = text.replace("`", "'")
    return f"`{shown[:16]}…`" if len(shown) > 24 else f"`{shown}`"
