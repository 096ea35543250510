"""The sweep: starts workflows for due timers, and deletes rows that are no longer needed.

A timer may be delayed by the interval and the limits of the sweep (here), by the pause after a failure
(`workflows.pause_after`), by timers that are started first (`due` in `store/repositories/timers.py`), and by pauses of
its kind: a countdown waits while a service doesn't respond (`pause_after` in `pipeline/quarantine/countdown.py`),
and other kinds have pauses of their own (`pipeline/timers` and `pipeline/outcomes/notifications.py`).
"""

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from bot.core.ports import Clock
from bot.core.records.timers import Timer
from bot.durable.engine import FIRE, SWEEP
from bot.durable.protocols import Store
from bot.durable.queue import Queue, timer_workflow

EVERY: Final = "*/2 * * * * *"
AT_ONCE: Final = 200
TOGETHER: Final = 20
"""How many timers are started in one transaction. In SQLite, incoming commands wait for that transaction."""
RESTART_AFTER: Final = timedelta(seconds=20)
"""A sweep looks again at a timer that still exists this long after it was started."""
TIDY_SECONDS: Final = 60.0


class Sweep:
    """Starts due timers every two seconds."""

    def __init__(self, store: Store, queue: Queue, clock: Clock) -> None:
        self._store = store
        self._queue = queue
        self._clock = clock
        self._tidied = time.monotonic()

    async def run(self) -> None:
        """Start the due timers, and delete old rows once a minute. The next sweep finds timers that this one misses."""
        await self._start_what_is_due()
        await self._tidy()

    async def _start_what_is_due(self) -> None:
        due = await self._store.timers.due(self._clock.now(), limit=AT_ONCE)
        for first in range(0, len(due), TOGETHER):
            await self._start(due[first : first + TOGETHER])
        # A workflow replaces, deletes or postpones its timer before it ends. So a timer that is still due and hasn't
        # failed was set again for the same moment. The row of the ended workflow has the same ID, which prevents a new
        # workflow. So the row is deleted.
        started = {timer_workflow(timer): timer for timer in due}
        for workflow_id in await self._queue.ended(list(started)):
            timer = started[workflow_id]
            if await self._store.timers.is_due(timer.kind, timer.subject, timer.due_at):
                await self._queue.forget([workflow_id])
                await self._start([timer])

    async def _start(self, timers: Sequence[Timer]) -> None:
        await self._store.timers.start(timers, datetime.now(UTC) + RESTART_AFTER, self._queue.enqueue_timer)

    async def _tidy(self) -> None:
        if time.monotonic() - self._tidied < TIDY_SECONDS:
            return
        self._tidied = time.monotonic()
        await self._queue.prune(datetime.now(UTC) - timedelta(seconds=TIDY_SECONDS), names=[SWEEP, FIRE])
