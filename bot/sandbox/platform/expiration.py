"""Turso's grammar for how long a database token is valid: `1d`, `2w1d30m`, `never`."""

import re
from datetime import timedelta

_UNITS = {"ns": 1, "us": 10**3, "µs": 10**3, "μs": 10**3, "ms": 10**6, "s": 10**9}
_UNITS |= {"m": 60 * 10**9, "h": 3600 * 10**9, "d": 86400 * 10**9, "w": 604800 * 10**9}
_PART = re.compile(r"(?P<number>\d{1,40}(?:\.\d{0,40})?|\.\d{1,40})(?P<unit>[^0-9.]+)", re.ASCII)
_NEVER = {"", "never", "none", "default"}


class BadExpiration(ValueError):
    """Raised if a text isn't a duration, or is a duration that no token can have."""


def parse_expiration(text: str) -> timedelta | None:
    """Return the duration in `text`, at least a microsecond. None means that the token never expires.

    Raises:
        BadExpiration: the text isn't in the grammar, or the duration is zero or exceeds signed 64-bit nanoseconds.
    """
    if text in _NEVER:
        return None
    nanoseconds = _nanoseconds(text.removeprefix("+"))
    if not 0 < nanoseconds < 2**63:
        raise BadExpiration(text)
    return timedelta(microseconds=max(1, nanoseconds // 1000))


def _nanoseconds(text: str) -> int:
    total, position = 0, 0
    while position < len(text):
        part = _PART.match(text, position)
        if part is None or part["unit"] not in _UNITS or len(part["number"]) > 40:
            raise BadExpiration(text)
        whole, _, fraction = part["number"].partition(".")
        scale = _UNITS[part["unit"]]
        total += int(whole or 0) * scale + int(fraction or 0) * scale // 10 ** len(fraction)
        position = part.end()
    return total
