"""Rate limits: a bucket for each method, by its tier, and one for each channel in which messages are posted."""

from __future__ import annotations

import math
from dataclasses import dataclass

from bot.sandbox.workspace.errors import SlackError
from bot.sandbox.workspace.state import State

PER_MINUTE = {1: 1, 2: 20, 3: 50, 4: 100}
SPECIAL_PER_MINUTE = 600  # for methods without a tier, such as auth.test, and chat.postMessage in all channels together
POSTS_PER_SECOND = 1.0
BURST_OF_POSTS = 4
_GENEROUS = 20


@dataclass
class _Bucket:
    left: float
    at: float


class Rates:
    """Limits the rate of calls, in the workspace's time. Does nothing if `limits.rates` is `off`."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._buckets: dict[str, _Bucket] = {}

    def call(self, method: str, tier: int | None) -> None:
        """Count one call.

        Raises:
            SlackError: `ratelimited`, HTTP 429 with `Retry-After`.
        """
        per_minute = PER_MINUTE[tier] if tier else SPECIAL_PER_MINUTE
        self._take(f"method:{method}", per_second=per_minute / 60, burst=per_minute)

    def post(self, channel_id: str) -> None:
        """Count one message to a channel, however it is posted. Raises SlackError, as `call` does."""
        self._take(f"channel:{channel_id}", per_second=POSTS_PER_SECOND, burst=BURST_OF_POSTS)

    def _take(self, name: str, *, per_second: float, burst: float) -> None:
        rates = self._state.limits.rates
        if rates == "off":
            return
        if rates == "generous":
            per_second, burst = per_second * _GENEROUS, burst * _GENEROUS
        now = self._state.time.now().timestamp()
        bucket = self._buckets.setdefault(name, _Bucket(burst, now))
        bucket.left = min(burst, bucket.left + (now - bucket.at) * per_second)
        bucket.at = now
        if bucket.left < 1:
            pause = max(1, math.ceil((1 - bucket.left) / per_second))
            raise SlackError("ratelimited", status=429, headers={"Retry-After": str(pause)})
        bucket.left -= 1
