"""Updates of messages: only the last of several that are waiting is sent."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable


class Updates:
    """Queues the updates of each message, and sends only the last of those that are waiting."""

    def __init__(self) -> None:
        self._locks: dict[Hashable, asyncio.Lock] = {}
        self._newest: dict[Hashable, object] = {}
        self._waiting: dict[Hashable, int] = {}

    async def latest(self, key: Hashable, send: Callable[[], Awaitable[None]]) -> None:
        """Send an update after the previous one of the same message, unless a newer one is waiting by then."""
        me = object()
        self._newest[key] = me
        self._waiting[key] = self._waiting.get(key, 0) + 1
        try:
            async with self._locks.setdefault(key, asyncio.Lock()):
                if self._newest[key] is me:
                    await send()
        finally:
            self._waiting[key] -= 1
            if not self._waiting[key]:
                del self._waiting[key], self._newest[key], self._locks[key]
