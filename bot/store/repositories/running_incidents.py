"""The incidents that run, held for a second: every request asks for the one of its channel."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from bot.core.records.incidents import Incident

HELD_SECONDS: Final = 1.0
"""How long a process may not see what another one started or ended; the end by the clock is seen at once."""


class RunningIncidents:
    """Running incidents by channel. `forget` after a change of one's own, so that it is seen at once."""

    def __init__(self, load: Callable[[], Awaitable[list[Incident]]], *, seconds: float = HELD_SECONDS) -> None:
        self._load, self._seconds = load, seconds
        self._held: Mapping[str, Incident] | None = None
        self._until = 0.0
        self._asking: asyncio.Task[Mapping[str, Incident]] | None = None

    async def by_channel(self) -> Mapping[str, Incident]:
        """Return what runs; those who ask at the same time share one reading."""
        if self._held is not None and time.monotonic() < self._until:
            return self._held
        if self._asking is None:
            self._asking = asyncio.get_running_loop().create_task(self._ask())
        return await asyncio.shield(self._asking)

    def forget(self) -> None:
        """Read again, and do not hold what is being read now."""
        self._held = self._asking = None

    async def _ask(self) -> Mapping[str, Incident]:
        me = asyncio.current_task()
        try:
            found = {one.channel_id: one for one in await self._load()}
            if self._asking is me:
                self._held, self._until = found, time.monotonic() + self._seconds
            return found
        finally:
            if self._asking is me:
                self._asking = None
