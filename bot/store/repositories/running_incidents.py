"""A cache of the active incidents, for one second, because every command needs the incident of its channel."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from bot.core.records.incidents import Incident

HELD_SECONDS: Final = 1.0
"""How long the incidents are cached, so how late a process may notice that another one started or ended an incident.

The callers compare `until` themselves, so they notice at once that an incident has expired.
"""


class RunningIncidents:
    """The active incidents by channel. After a change, `forget` makes it visible at once."""

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
        """Empty the cache. The result of a running query won't be cached either."""
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
