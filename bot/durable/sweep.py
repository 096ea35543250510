"""The sweep: timers that are due become workflows, and rows that nobody needs any more go."""

import time
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

from bot.core.ports import Clock
from bot.durable.engine import FIRE, SWEEP
from bot.durable.queue import Queue
from bot.durable.work import Memory

log = structlog.get_logger(__name__)

EVERY: Final = "*/2 * * * * *"
AT_ONCE: Final = 200
TIDY_SECONDS: Final = 60.0


class Sweep:
    """One look at the timers."""

    def __init__(self, memory: Memory, queue: Queue, clock: Clock) -> None:
        self._memory = memory
        self._queue = queue
        self._clock = clock
        self._tidied = time.monotonic()

    async def run(self) -> None:
        """Start what is due; a failure is left to the next sweep."""
        try:
            await self._start_what_is_due()
            await self._tidy()
        except Exception:
            log.exception("durable.sweep_failed")

    async def _start_what_is_due(self) -> None:
        started = {}
        for timer in await self._memory.due(self._clock.now(), limit=AT_ONCE):
            started[await self._queue.enqueue_timer(timer)] = timer
        # A workflow that has ended has turned its timer before. One that stands there all the same was set again for
        # the same moment: its old row is in the way of the new workflow.
        for workflow_id in await self._queue.ended(list(started)):
            timer = started[workflow_id]
            if await self._memory.is_due(timer.kind, timer.subject, timer.due_at):
                await self._queue.forget([workflow_id])
                await self._queue.enqueue_timer(timer)

    async def _tidy(self) -> None:
        if time.monotonic() - self._tidied < TIDY_SECONDS:
            return
        self._tidied = time.monotonic()
        await self._queue.prune(datetime.now(UTC) - timedelta(seconds=TIDY_SECONDS), names=[SWEEP, FIRE])
