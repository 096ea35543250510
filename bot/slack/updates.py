"""Changes of one message, in order: while one is on its way only the newest of those behind it is sent."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable


class Updates:
    """Gives each message its own queue, of which only the last one counts."""

    def __init__(self) -> None:
        self._locks: dict[Hashable, asyncio.Lock] = {}
        self._newest: dict[Hashable, object] = {}
        self._waiting: dict[Hashable, int] = {}

    async def latest(self, key: Hashable, send: Callable[[], Awaitable[None]]) -> None:
        """Send, unless a newer change of the same message has come meanwhile."""
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
