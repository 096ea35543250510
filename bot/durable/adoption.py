"""Work that others left: workflows of executors that are no more, and intents that nobody takes care of."""

import asyncio
from datetime import timedelta
from typing import Final

import structlog

from bot.core.ports import Clock
from bot.durable.queue import Queue
from bot.durable.seats import Seats
from bot.durable.work import Memory

log = structlog.get_logger(__name__)

PREFIX: Final = "executor-"
ROUND_SECONDS: Final = 15.0
SETTLE_SECONDS: Final = 10.0
ROUNDS_UNTIL_LOST: Final = 8
"""An intent that stays open for so many rounds is nobody's: whoever answered it has crashed."""
MOMENT: Final = timedelta(microseconds=1)


class Adoption:
    """Looks for what others left, as long as this process lives."""

    def __init__(self, queue: Queue, seats: Seats, seat: int, memory: Memory, clock: Clock) -> None:
        self._queue = queue
        self._seats = seats
        self._own = f"{PREFIX}{seat}"
        self._memory = memory
        self._clock = clock
        self._seen: dict[str, int] = {}

    async def run(self) -> None:
        """Adopt until cancelled: intents from before the start once, then everything every few seconds."""
        await asyncio.gather(self._take_up_what_was_open(), self._rounds())

    async def adopt(self) -> int:
        """Resume what dead executors left: how many workflows."""
        adopted = 0
        for executor in await self._queue.left_by_others(self._own):
            number = executor.removeprefix(PREFIX)
            if not number.isdigit():
                continue
            async with self._seats.borrowed(int(number)) as is_free:
                # Read again, now that nobody can sit down there and take them up at the same time.
                if is_free and (left := await self._queue.begun_by(executor)):
                    await self._queue.resume(left)
                    adopted += len(left)
                    log.warning("durable.adopted", executor=executor, workflows=left)
        return adopted

    async def _take_up_what_was_open(self) -> None:
        started = self._clock.now()
        await asyncio.sleep(SETTLE_SECONDS)
        try:
            for incoming in await self._memory.open_intents(before=started + MOMENT):
                await self._queue.enqueue_resume(incoming.id)
        except Exception:
            log.exception("durable.resume_failed")

    async def _rounds(self) -> None:
        while True:
            try:
                await self.adopt()
                await self._take_up_lost_intents()
            except Exception:
                log.exception("durable.adoption_failed")
            await asyncio.sleep(ROUND_SECONDS)

    async def _take_up_lost_intents(self) -> None:
        """Count in rounds, not by the clock: it may be a rehearsal's."""
        there = [incoming.id for incoming in await self._memory.open_intents(before=self._clock.now() + MOMENT)]
        self._seen = {intent_id: self._seen.get(intent_id, 0) + 1 for intent_id in there}
        for intent_id, rounds in self._seen.items():
            if rounds == ROUNDS_UNTIL_LOST:
                await self._queue.enqueue_resume(intent_id)
