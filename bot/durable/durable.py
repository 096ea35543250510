"""Durable work in this process: from `launch` to `close`."""

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import structlog
from dbos import DBOS

from bot.core.concurrency.background import Background, Loop
from bot.core.ports import Clock
from bot.durable.engine import PICK_UP_SECONDS, QUEUE, SWEEP, config, configure_logging
from bot.durable.executor_locks import ExecutorLocks, executor_locks_of
from bot.durable.orphan_recovery import PREFIX, OrphanRecovery
from bot.durable.protocols import Resume, Store, Work
from bot.durable.queue import Queue
from bot.durable.step_runner import StepRunner
from bot.durable.sweep import EVERY, Sweep
from bot.durable.workflows import Workflows

log = structlog.get_logger(__name__)

DRAIN_SECONDS: Final = 5.0
LOCK_LOST: Final = 75
"""The exit status of a process that can no longer be sure to be the only one with its number."""


def end_at_once() -> None:
    """End this process without cleanup, since another process may take over its work at any moment."""
    os._exit(LOCK_LOST)


class Durable:
    """Executes durable work in this process. DBOS allows one instance per process."""

    def __init__(
        self,
        database: str,
        *,
        store: Store,
        work: Work,
        resume: Resume,
        clock: Clock,
        queue: Queue,
        background: Background | None = None,
        lost: Callable[[], None] = end_at_once,
    ) -> None:
        """Prepare.

        Args:
            database: the store's URL for drivers that block; its migrations have run.
            resume: takes up an intent that a crash left.
            queue: the same that the store enqueues with.
            background: the loops of this process, among which those of durable work are counted.
            lost: called when the lock that makes this process executor N is gone; it must end the process.
        """
        self._database = database
        self._store = store
        self._work = work
        self._resume = resume
        self._clock = clock
        self._queue = queue
        self._locks: ExecutorLocks = executor_locks_of(database, lost=lost)
        self._runner = StepRunner()
        self._background = background or Background()
        self._loops: list[Loop] = []

    async def launch(self) -> None:
        """Take an executor lock, and start to execute on this event loop.

        Workflows that the lock's last owner left continue at once.
        """
        number = await self._locks.take()
        configure_logging()
        DBOS(config=config(self._database, f"{PREFIX}{number}"))
        sweep = self._background.add("sweep", Sweep(self._store, self._queue, self._clock).run)
        scheduled = Workflows(self._work, self._store, self._resume, sweep, self._runner).register()
        # In the loop's own thread, because DBOS runs asynchronous workflows on the current loop.
        DBOS.launch()
        await DBOS.register_queue_async(QUEUE, polling_interval_sec=PICK_UP_SECONDS, on_conflict="always_update")
        await DBOS.apply_schedules_async(
            [{"schedule_name": SWEEP, "workflow_fn": scheduled, "schedule": EVERY, "queue_name": QUEUE}]
        )
        self._loops = OrphanRecovery(self._queue, self._locks, number, self._store, self._clock).start(self._background)
        log.info("durable.launched", executor=number)

    async def close(self, *, within: float = DRAIN_SECONDS) -> None:
        """Wait for running workflows, cancel those that take longer, and release the lock."""
        for loop in self._loops:
            await loop.stop()
        if cut_short := await self._runner.end(within=within):
            log.warning("durable.cut_short", workflows=cut_short, hint="they go on after the next start")
        await _destroy()
        await self._locks.leave()


async def _destroy() -> None:
    """Stop DBOS without stopping the loop, and give the loop a new thread pool in place of DBOS's."""
    configure_logging(stops=True)
    with ThreadPoolExecutor(1, thread_name_prefix="durable-end") as thread:
        await asyncio.get_running_loop().run_in_executor(thread, lambda: DBOS.destroy(destroy_registry=True))
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(thread_name_prefix="asyncio"))
