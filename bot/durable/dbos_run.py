"""One run of DBOS in this process, with one executor number."""

import asyncio
from asyncio.events import _set_running_loop  # as event loops use it: sets the running loop of a thread
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, cast

import structlog
from dbos import DBOS
from sqlalchemy.engine import make_url

from bot.durable.engine import PICK_UP_SECONDS, QUEUE, SWEEP, config, configure_logging
from bot.durable.fenced_engine import FencedEngine
from bot.durable.orphan_recovery import PREFIX
from bot.durable.step_runner import StepRunner
from bot.durable.sweep import EVERY
from bot.durable.workflows import Workflows

log = structlog.get_logger(__name__)

DESTROY_SECONDS: Final = 3.0
"""How long DBOS may take to stop, in seconds. After that, its connections to PostgreSQL are closed."""


class DbosRun:
    """A run of DBOS, from its launch to its end. A later run in the same process has another executor number."""

    def __init__(
        self,
        database: str,
        number: int,
        workflows: Workflows,
        runner: StepRunner,
        threads: ThreadPoolExecutor,
        *,
        pool_size: int,
    ) -> None:
        """Prepare the run. Nothing is launched yet.

        Args:
            number: the number of the executor whose lock this process holds.
            threads: a thread pool that outlives the run. DBOS makes its own one the event loop's default, and this one
                replaces that at the end.
        """
        self._workflows = workflows
        self._runner = runner
        self._threads = threads
        url = make_url(database)
        self._fence = None if url.get_backend_name() == "sqlite" else FencedEngine(url, pool_size)
        self._config = config(
            database, f"{PREFIX}{number}", engine=self._fence.engine if self._fence else None, pool_size=pool_size
        )
        self._launching: asyncio.Future[None] | None = None

    async def start(self) -> None:
        """Launch DBOS. Its workflows run on this event loop."""
        configure_logging()
        DBOS(config=self._config)
        scheduled = self._workflows.register()
        # In a thread, because it waits for the database, and meanwhile this loop must acknowledge Slack's requests.
        loop = asyncio.get_running_loop()
        self._launching = loop.run_in_executor(self._threads, _launch, loop)
        await asyncio.shield(self._launching)
        await DBOS.register_queue_async(QUEUE, polling_interval_sec=PICK_UP_SECONDS, on_conflict="always_update")
        await DBOS.apply_schedules_async(
            [{"schedule_name": SWEEP, "workflow_fn": scheduled, "schedule": EVERY, "queue_name": QUEUE}]
        )

    def cut_off(self) -> None:
        """Close the connections to PostgreSQL permanently, so that everything that waits for it fails.

        Does nothing for SQLite.
        """
        if self._fence is not None:
            self._fence.close()

    async def stop(self, *, within: float) -> int:
        """Stop everything. Returns how many workflows were interrupted.

        The row of an interrupted workflow is kept. Once the lock is free, another process, or the next start of this
        one, continues the workflow after its last completed step.

        Args:
            within: how many seconds workflows may continue. With 0, the connections are closed first, because another
                process may already have taken over the workflows if the lock is lost.
        """
        if not within:
            self.cut_off()
        cut_short = await self._runner.end(within=within)
        if cut_short and within:
            log.warning("durable.cut_short", workflows=cut_short, hint="they continue later")
        if self._launching is not None:
            await asyncio.wait([self._launching])
        await self._destroy()
        # again, for workflows that DBOS took from its queue while it was being stopped
        await self._runner.end(within=0.0)
        return cut_short

    async def _destroy(self) -> None:
        """Stop DBOS without blocking the event loop, and replace its thread pool as the loop's default."""
        configure_logging(stops=True)  # until the next start, because some of DBOS's threads may end later
        loop = asyncio.get_running_loop()
        loop.set_default_executor(self._threads)
        with ThreadPoolExecutor(1, thread_name_prefix="durable-end") as thread:
            destroyed = loop.run_in_executor(thread, _destroy)
            done, _ = await asyncio.wait([destroyed], timeout=DESTROY_SECONDS)
            if not done:
                self.cut_off()
            await destroyed
        loop.set_default_executor(self._threads)  # again, because work that was just starting may have set DBOS's pool
        self.cut_off()
        if self._fence is not None:
            await loop.run_in_executor(self._threads, self._fence.dispose)


class _AlwaysRunning:
    """An event loop whose `is_running` always returns True.

    DBOS runs workflows on the loop of its launch. Whenever that loop isn't running, for example between two tests, DBOS
    would use its own loop in another thread, where the bot's connections can't be used.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def is_running(self) -> bool:
        return True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loop, name)


def _launch(loop: asyncio.AbstractEventLoop) -> None:
    """Launch DBOS in this thread as if `loop` were running here, so that DBOS runs its workflows on that loop."""
    _set_running_loop(cast(asyncio.AbstractEventLoop, _AlwaysRunning(loop)))
    try:
        DBOS.launch()
    finally:
        _set_running_loop(None)


def _destroy() -> Any:
    DBOS.destroy(destroy_registry=True)
