"""Caches the active incidents for one second, because every request needs those of its channel."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from bot.core.records.incidents import Incident

HELD_SECONDS: Final = 1.0
"""How late a process may notice that another process started or ended an incident.

An expired one is noticed immediately.
"""


class RunningIncidents:
    """The active incidents by channel. Call `forget` after a change, so that it is visible immediately."""

    def __init__(self, load: Callable[[], Awaitable[list[Incident]]], *, seconds: float = HELD_SECONDS) -> None:
        self._load, self._seconds = load, seconds
        self._held: Mapping[str, Incident] | None = None
        self._until = 0.0
        self._asking: asyncio.Task[Mapping[str, Incident]] | None = None

    async def by_channel(self) -> Mapping[str, Incident]:
        """Return the active incidents by channel. Concurrent callers share one query."""
        if self._held is not None and time.monotonic() < self._until:
            return self._held
        if self._asking is None:
            self._asking = asyncio.get_running_loop().create_task(self._ask())
        return await asyncio.shield(self._asking)

    def forget(self) -> None:
        """Empty the cache, and don't cache the result of a query that is running."""
        self._held = self._asking = None

    async def _ask(self) -> Mapping[str, Incident]:
        me = asyncio.current_task()
        try:
            incidents = {one.channel_id: one for one in await self._load()}
            if self._asking is me:
                self._held, self._until = incidents, time.monotonic() + self._seconds
            return incidents
        finally:
            if self._asking is me:
                self._asking = None
