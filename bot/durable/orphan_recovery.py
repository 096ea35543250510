"""Recovery of orphaned work: workflows of stopped executors, and intents that no process handles."""

import time
from datetime import datetime, timedelta
from typing import Final

import structlog

from bot.core.concurrency.background import Background, Loop
from bot.core.ports import Clock
from bot.durable.executor_locks import ExecutorLocks
from bot.durable.outages import Describe, explained, type_name
from bot.durable.protocols import Store
from bot.durable.queue import Queue

log = structlog.get_logger(__name__)

PREFIX: Final = "executor-"
ROUND_SECONDS: Final = 15.0
OPEN_INTENTS_SECONDS: Final = 5.0
SETTLE_SECONDS: Final = 10.0
ROUNDS_UNTIL_LOST: Final = 8
"""In how many rounds in a row an intent must be open to count as orphaned.

The process that should have handled it has probably crashed.
"""
MOMENT: Final = timedelta(microseconds=1)


class OrphanRecovery:
    """Finds and resumes orphaned work, in three loops. If one fails, the others continue.

    A process has one instance, which is started again with each new executor lock and keeps its counts.
    """

    def __init__(
        self, queue: Queue, locks: ExecutorLocks, store: Store, clock: Clock, describe: Describe = type_name
    ) -> None:
        self._queue = queue
        self._locks = locks
        self._own = ""
        self._store = store
        self._clock = clock
        self._describe = describe
        self._seen: dict[str, int] = {}
        """How many rounds in a row each open intent has been open."""
        self._enqueued: set[str] = set()
        """The lost intents that are still open and whose workflow was enqueued."""
        self._before: datetime | None = clock.now() + MOMENT
        """Intents from before this time belong to other processes, such as the one before a restart.

        None once those that were left open have been resumed.
        """
        self._settled_at = time.monotonic() + SETTLE_SECONDS

    def start(self, number: int, background: Background) -> list[Loop]:
        """Start the loops of the executor with this number. Its own work isn't orphaned."""
        self._own = f"{PREFIX}{number}"
        return [
            background.start("orphaned workflows", self._recover_orphans, every=ROUND_SECONDS),
            background.start("lost intents", self._resume_lost_intents, every=ROUND_SECONDS),
            background.start("intents left open", self._resume_left_intents, every=OPEN_INTENTS_SECONDS),
        ]

    async def recover(self) -> int:
        """Resume the workflows of stopped executors that `Queue.unfinished_by_others` finds. Returns how many."""
        recovered = 0
        for executor in await self._queue.unfinished_by_others(self._own):
            number = executor.removeprefix(PREFIX)
            if not number.isdigit():
                continue
            async with self._locks.borrowed(int(number)) as is_free:
                # Read them again: while this process has the lock, no other process can resume them.
                if is_free and (left := await self._queue.begun_by(executor)):
                    await self._queue.resume(left)
                    recovered += len(left)
                    log.warning("durable.recovered", executor=executor, workflows=left)
        return recovered

    async def _recover_orphans(self) -> None:
        with explained(self._describe):
            await self.recover()

    async def _resume_left_intents(self) -> None:
        """Resume up to 1,000 intents that other processes left open, once, after a pause in which they may be handled.

        Any others are resumed as lost intents.
        """
        if self._before is None or time.monotonic() < self._settled_at:
            return
        for incoming in await self._store.intents.find_open(before=self._before):
            await self._queue.enqueue_resume(incoming.id)
        self._before = None

    async def _resume_lost_intents(self) -> None:
        """Resume intents that stay open for several rounds. Rounds are counted, because CLOCK_FILE may be simulated."""
        there = [incoming.id for incoming in await self._store.intents.find_open(before=self._clock.now() + MOMENT)]
        self._seen = {intent_id: self._seen.get(intent_id, 0) + 1 for intent_id in there}
        self._enqueued &= self._seen.keys()
        for intent_id, rounds in self._seen.items():
            if rounds >= ROUNDS_UNTIL_LOST and intent_id not in self._enqueued:
                await self._queue.enqueue_resume(intent_id)
                self._enqueued.add(intent_id)
