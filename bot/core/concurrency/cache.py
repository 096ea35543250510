"""A cache whose results expire. Concurrent callers with the same key share one call."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final, Generic, TypeVar

from cachetools import TTLCache

K = TypeVar("K")
V = TypeVar("V")
AT_MOST: Final = 5000
WAITS_SECONDS: Final = 3.0
"""The maximum time that a new call waits for the previous call with the same key, in seconds."""


class _Call(Generic[V]):
    """One call of `load`, running or about to start."""

    def __init__(self, before: "_Call[V] | None") -> None:
        self.before = before
        self.has_begun = False
        self.is_wanted = True
        """False if its result may be outdated. Then it changes nothing in the cache."""
        self.task: asyncio.Task[V] | None = None


class Cache(Generic[K, V]):
    """Caches results of `load` for `seconds`. Errors aren't cached, and remove the cached result."""

    def __init__(
        self,
        load: Callable[[K], Awaitable[V]],
        seconds: float,
        *,
        at_most: int = AT_MOST,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._load = load
        self._kept: TTLCache[K, tuple[V]] = TTLCache(at_most, seconds, timer=now)
        self._calls: dict[K, _Call[V]] = {}
        """The newest call for each key. It may wait for an older one."""

    def peek(self, key: K) -> V | None:
        """Return the cached result, if there is one."""
        kept = self._kept.get(key)
        return kept[0] if kept is not None else None

    async def get(self, key: K, *, fresh: bool = False) -> V:
        """Return the result of `load`, cached or new.

        Args:
            fresh: return the result of a call that starts after this moment. Callers who ask while one is running share
                the next one, so that many clicks at once cause few calls. Until it has ended, callers who don't need
                a fresh result get the cached one.
        Raises:
            Whatever `load` raises. The cached result is removed then.
        """
        kept = self._kept.get(key)
        if kept is not None and not fresh:
            return kept[0]
        call = self._calls.get(key)
        if call is None or (fresh and call.has_begun):
            call = self._begin(key, call)
        assert call.task is not None
        return await asyncio.shield(call.task)

    def forget(self, key: K) -> None:
        """Remove the cached result, which may be outdated. Results of running calls aren't cached either."""
        self._kept.pop(key, None)
        call = self._calls.pop(key, None)
        while call is not None:
            call.is_wanted = False
            call = call.before

    def _begin(self, key: K, before: _Call[V] | None) -> _Call[V]:
        call = self._calls[key] = _Call(before)
        call.task = asyncio.get_running_loop().create_task(self._ask(key, call))
        call.task.add_done_callback(_retrieve_error)
        return call

    async def _ask(self, key: K, call: _Call[V]) -> V:
        try:
            if call.before is not None and call.before.task is not None:
                _, late = await asyncio.wait([call.before.task], timeout=WAITS_SECONDS)
                call.before.is_wanted = call.before.is_wanted and not late  # it may end after this call
            call.before, call.has_begun = None, True
            value = await self._load(key)
        except BaseException:
            if call.is_wanted:
                self._kept.pop(key, None)
            raise
        else:
            if call.is_wanted:
                self._kept[key] = (value,)
            return value
        finally:
            if self._calls.get(key) is call:
                del self._calls[key]


def _retrieve_error(task: "asyncio.Task[V]") -> None:
    """Retrieve the error of a task, so that asyncio doesn't warn when every caller has gone."""
    if not task.cancelled():
        task.exception()
