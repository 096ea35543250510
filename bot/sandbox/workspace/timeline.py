"""The workspace's time: it follows a clock, and can be moved ahead or stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


def wall_clock() -> datetime:
    return datetime.now(UTC)


class Timeline:
    """The time of a clock, plus what `move` has added."""

    def __init__(self, clock: Callable[[], datetime] = wall_clock) -> None:
        self._clock = clock
        self._moved = timedelta()
        self._wakers: set[asyncio.Event] = set()

    @property
    def moved(self) -> timedelta:
        """Return how far this time is ahead of the clock."""
        return self._moved

    def now(self) -> datetime:
        return self._clock() + self._moved

    def hold(self) -> None:
        """Stop the clock. From now on only `move` changes the time."""
        held = self._clock()
        self._clock = lambda: held

    def move(self, by: timedelta) -> datetime:
        """Move the time ahead, and return the new time.

        Raises:
            ValueError: the time would move back, but `ts` values must grow.
        """
        if by < timedelta():
            raise ValueError("Time moves ahead only.")
        self._moved += by
        for waker in self._wakers:
            waker.set()
        return self.now()

    async def sleep(self, lasting: timedelta) -> None:
        """Wait until `lasting` has passed in this time, whether the clock runs or `move` is called."""
        due = self.now() + lasting
        waker = asyncio.Event()
        self._wakers.add(waker)
        try:
            while (left := (due - self.now()).total_seconds()) > 0:
                try:
                    await asyncio.wait_for(waker.wait(), min(left, 1.0))
                except TimeoutError:
                    continue
                waker.clear()
        finally:
            self._wakers.discard(waker)
