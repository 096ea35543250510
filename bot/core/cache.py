"""Answers that are kept for a while; who asks the same at the same time shares one question."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final, Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")
AT_MOST: Final = 5000


class Cache(Generic[K, V]):
    """Keeps what `load` answers for `seconds`; errors are not kept."""

    def __init__(
        self,
        load: Callable[[K], Awaitable[V]],
        seconds: float,
        *,
        at_most: int = AT_MOST,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._load, self._seconds, self._at_most, self._now = load, seconds, at_most, now
        self._kept: dict[K, tuple[float, V]] = {}
        self._asked: dict[K, asyncio.Task[V]] = {}

    def held(self, key: K) -> V | None:
        """Return the answer if it is kept."""
        kept = self._kept.get(key)
        return kept[1] if kept is not None and kept[0] > self._now() else None

    async def get(self, key: K, *, fresh: bool = False) -> V:
        """Return the answer; `fresh`: one that is asked for from now on, whatever is kept."""
        kept = self._kept.get(key)
        if not fresh and kept is not None and kept[0] > self._now():
            return kept[1]
        if fresh:  # what is asked for again is a fact no more: also when no answer comes
            self._kept.pop(key, None)
        running = self._asked.get(key)
        if running is None or fresh:
            running = asyncio.get_running_loop().create_task(self._ask(key))
            self._asked[key] = running
        return await asyncio.shield(running)

    async def _ask(self, key: K) -> V:
        me = asyncio.current_task()
        try:
            value = await self._load(key)
            if self._asked.get(key) is me:
                self._kept[key] = (self._now() + self._seconds, value)
                if len(self._kept) > self._at_most:
                    self._shrink()
            return value
        finally:
            if self._asked.get(key) is me:
                del self._asked[key]

    def forget(self, key: K) -> None:
        """The answer may have changed: ask again, and do not keep what is being asked now."""
        self._kept.pop(key, None)
        self._asked.pop(key, None)

    def _shrink(self) -> None:
        now = self._now()
        self._kept = {key: kept for key, kept in self._kept.items() if kept[0] > now}
        while len(self._kept) > self._at_most:
            del self._kept[next(iter(self._kept))]
