"""IDs, secrets and timestamps in Slack's formats."""

from __future__ import annotations

import secrets
import string
from datetime import datetime

_ALPHABET = string.ascii_uppercase + string.digits


def new_id(prefix: str) -> str:
    """Return an ID such as `V0K3J…`: a prefix, a zero and nine characters of `[A-Z0-9]`."""
    return prefix + "0" + "".join(secrets.choice(_ALPHABET) for _ in range(9))


def new_secret() -> str:
    return secrets.token_urlsafe(18).replace("-", "x").replace("_", "y")


def new_block_id() -> str:
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(5))


class Stamps:
    """Message timestamps `seconds.micros`. Each is later than every earlier one, even if the clock is set back."""

    def __init__(self) -> None:
        self._last = 0

    def next(self, now: datetime) -> str:
        micros = round(now.timestamp() * 1_000_000)
        self._last = max(micros, self._last + 1)
        return f"{self._last // 1_000_000}.{self._last % 1_000_000:06d}"


def as_seconds(moment: datetime) -> int:
    return int(moment.timestamp())
