"""Durable work in this process, from `launch` to `close`. It pauses while the process has no executor lock."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import structlog

from bot.core.concurrency.background import Background, Loop
from bot.core.ports import Clock
from bot.durable.dbos_run import DbosRun
from bot.durable.engine import DURABLE_POOL
from bot.durable.executor_locks import ExecutorLocks, executor_locks_of
from bot.durable.orphan_recovery import OrphanRecovery
from bot.durable.outages import Describe, is_outage, type_name
from bot.durable.protocols import Resume, Store, Work
from bot.durable.queue import Queue
from bot.durable.step_runner import StepRunner
from bot.durable.sweep import Sweep
from bot.durable.workflows import Workflows

log = structlog.get_logger(__name__)

DRAIN_SECONDS: Final = 5.0
FIRST_PAUSE: Final = 1.0
LONGEST_PAUSE: Final = 5.0
"""The longest pause between two attempts to start again, in seconds."""
LOG_EVERY: Final = 6
"""The first failed attempt to start is logged, and then every sixth."""


class Durable:
    """Does durable work in this process while it has an executor lock. DBOS allows one instance per process."""

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
        pool_size: int = DURABLE_POOL,
        describe: Describe = type_name,
    ) -> None:
        """Prepare durable work. Nothing is started yet.

        Args:
            database: the store's URL for synchronous drivers; its migrations have run. It must lead to the database
                itself, and not through a transaction pooler.
            resume: called to resume an intent that a crash has left open.
            queue: the queue in which the store enqueues.
            background: the loops of this process, to which the loops of durable work are added.
            pool_size: the maximum number of connections to PostgreSQL that DBOS uses at a time.
            describe: turns a database error into a sentence for operators.
        """
        self._database = database
        self._store = store
        self._work = work
        self._resume = resume
        self._clock = clock
        self._queue = queue
        self._pool_size = pool_size
        self._locks: ExecutorLocks = executor_locks_of(database, describe)
        self._describe = describe
        self._background = background or Background()
        self._recovery = OrphanRecovery(queue, self._locks, store, clock, describe)
        self._threads = ThreadPoolExecutor(thread_name_prefix="asyncio")
        self._run: DbosRun | None = None
        self._loops: list[Loop] = []
        self._keeper: asyncio.Task[None] | None = None
        self.trouble = "Durable work hasn't started yet."
        """A sentence for operators that says why no durable work is done at the moment. Empty while it is done."""

    async def launch(self) -> None:
        """Start durable work. Returns after the first attempt.

        If the attempt fails because of PostgreSQL, it is repeated until it succeeds, as after a later loss of the lock.
        Any other error of the first attempt is raised.
        """
        first: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._keeper = asyncio.create_task(self._keep(first), name="durable: executor")
        await first

    async def close(self, *, within: float = DRAIN_SECONDS) -> None:
        """Wait up to `within` seconds for running workflows, cancel those that take longer, and release the lock."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        await self._end(within=within)

    async def _keep(self, first: asyncio.Future[None]) -> None:
        """Start, wait until the lock is lost, stop, and start again. Only the first attempt may raise an error."""
        tries = 0
        while True:
            try:
                await self._begin()
                tries, self.trouble = 0, ""
                if not first.done():
                    first.set_result(None)
                await self._locks.lost.wait()
                self.trouble = "Durable work is paused: the connection that held the executor lock broke."
                cut_short = await self._end(within=0.0)
                log.error("durable.paused", why=self.trouble, workflows=cut_short, hint="another lock is tried")
            except Exception as error:
                if not first.done() and not self._locks.is_database_failure(error):
                    return first.set_exception(error)
                self._log_failure(error, tries)
                tries += 1
                await self._end_after_an_error()
                if not first.done():
                    first.set_result(None)
                await asyncio.sleep(min(FIRST_PAUSE * tries, LONGEST_PAUSE))

    async def _end_after_an_error(self) -> None:
        """Stop what was started. If that fails, the next run isn't affected, because it has another number."""
        try:
            await self._end(within=0.0)
        except Exception as error:
            more = {"why": self._describe(error)} if is_outage(error) else {"exc_info": error}
            log.error("durable.not_ended", **more)

    async def _begin(self) -> None:
        """Take a lock, launch DBOS, and start the recovery of orphaned work."""
        number = await self._locks.take()
        runner = StepRunner()
        sweep = self._background.add("sweep", Sweep(self._store, self._queue, self._clock).run)
        workflows = Workflows(self._work, self._store, self._resume, sweep, runner)
        self._run = DbosRun(self._database, number, workflows, runner, self._threads, pool_size=self._pool_size)
        await self._start_unless_lost(self._run)
        self._loops = self._recovery.start(number, self._background)
        log.info("durable.launched", executor=number)

    async def _start_unless_lost(self, run: DbosRun) -> None:
        """Launch DBOS, which waits until the database responds. Raises an error if the lock is lost meanwhile."""
        starting = asyncio.create_task(run.start(), name="durable: launch")
        lost = asyncio.create_task(self._locks.lost.wait(), name="durable: lost while launching")
        try:
            await asyncio.wait([starting, lost], return_when=asyncio.FIRST_COMPLETED)
            if not starting.done():
                run.cut_off()
            await starting
        finally:
            lost.cancel()
            if not starting.done():
                starting.cancel()

    async def _end(self, *, within: float) -> int:
        """Stop everything that `_begin` started. Returns how many workflows were interrupted."""
        for loop in self._loops:
            await loop.stop()
        self._loops, cut_short = [], 0
        if self._run is not None:
            run, self._run = self._run, None
            cut_short = await run.stop(within=within)
        await self._locks.leave()
        return cut_short

    def _log_failure(self, error: Exception, tries: int) -> None:
        self.trouble = f"Durable work is waiting for the bot's own database: {self._describe(error)}"
        if tries % LOG_EVERY == 0:
            more = {} if self._locks.is_database_failure(error) else {"exc_info": error}
            log.error("durable.not_started", why=self.trouble, tries=tries + 1, **more)
