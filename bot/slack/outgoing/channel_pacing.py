"""Limit the posts of a process to one message a second per channel, as Slack requires."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

SECONDS_BETWEEN: Final = 1.0
KEPT: Final = 1000


class ChannelPacing:
    """Delays this process's posts to each channel. Ephemeral messages and updates aren't delayed.

    Nor are public replies through a `response_url`, but the next post waits for longer.
    """

    def __init__(
        self,
        seconds_between: float = SECONDS_BETWEEN,
        *,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.seconds_between, self._now, self._sleep = seconds_between, now, sleep
        self._free_at: dict[str, float] = {}

    async def turn(self, channel_id: str) -> None:
        """Wait until a message may be posted to the channel. Callers are served in order."""
        now = self._now()
        at = max(now, self._free_at.get(channel_id, now))
        self._take(channel_id, at)
        if at > now:
            await self._sleep(at - now)

    def note(self, channel_id: str) -> None:
        """Record a message that was posted without waiting."""
        now = self._now()
        self._take(channel_id, max(now, self._free_at.get(channel_id, now)))

    def _take(self, channel_id: str, at: float) -> None:
        self._free_at[channel_id] = at + self.seconds_between
        if len(self._free_at) > KEPT:
            now = self._now()
            self._free_at = {channel: free for channel, free in self._free_at.items() if free > now}
