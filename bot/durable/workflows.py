"""The workflows: a request's phase, a timer that is due, an intent that was left, and the sweep that finds timers."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, TypeVar

from dbos import DBOS

from bot.core.request import Timer, TimerKind
from bot.durable.engine import EXECUTE, FIRE, RESUME, SWEEP
from bot.durable.patience import Patience
from bot.durable.sweep import Sweep
from bot.durable.work import GO, Json, Memory, Resume, Work

T = TypeVar("T")


class Workflows:
    """The functions that DBOS runs. Each step's result is kept; what was kept does not run again."""

    def __init__(self, work: Work, memory: Memory, resume: Resume, sweep: Sweep, patience: Patience) -> None:
        self._work = work
        self._memory = memory
        self._resume = resume
        self._sweep = sweep
        self._patience = patience

    def register(self) -> Callable[..., Any]:
        """Make them known to DBOS, before it is launched; returns the function that is scheduled."""
        for name, function in ((EXECUTE, self._execute), (FIRE, self._fire), (RESUME, self._take_up)):
            self._known(name, function)
        return self._known(SWEEP, self._look_for_timers)

    def _known(self, name: str, function: Callable[..., Awaitable[None]]) -> Callable[..., Any]:
        async def run(*arguments: Any) -> None:
            self._patience.begin()
            await self._patience.wait_if_ending()
            await function(*arguments)

        # Unlimited: a workflow that was interrupted a hundred times is still wanted.
        return DBOS.workflow(name=name, max_recovery_attempts=None)(run)

    async def _execute(self, request_id: str, phase: str) -> None:
        work, subject = self._work, f"{request_id}:{phase}"
        if await self._step("begin", subject, lambda: work.begin(request_id, phase)) != GO:
            return
        acted = await self._step("act", subject, lambda: _plain(work.act(request_id, phase)))
        seen = await self._step("see", subject, lambda: _plain(work.see(request_id, phase, acted)))
        await self._step("finish", subject, lambda: work.finish(request_id, phase, seen))
        await self._step("tell", subject, lambda: work.tell(request_id, phase))

    async def _fire(self, kind: str, subject: str, due_at: str, attempt: int) -> None:
        timer = Timer(TimerKind(kind), subject, datetime.fromisoformat(due_at), attempt)

        async def fire() -> list[Any] | None:
            if not await self._memory.is_due(timer.kind, timer.subject, timer.due_at):
                return None
            following = await self._work.fire(timer)
            return [following.due_at.isoformat(), following.attempt] if following else None

        following = await self._step("fire", f"{kind}:{subject}", fire)
        after = Timer(timer.kind, subject, datetime.fromisoformat(following[0]), following[1]) if following else None
        await self._step("turn", f"{kind}:{subject}", lambda: self._memory.turn_timer(timer, after))

    async def _take_up(self, intent_id: str) -> None:
        async def take_up() -> None:
            incoming = await self._memory.intent(intent_id)
            if incoming is not None:
                await self._resume(incoming)
                await self._memory.close_intent(intent_id)

        await self._step("resume", intent_id, take_up)

    async def _look_for_timers(self, scheduled_at: Any, context: Any) -> None:
        # Not a step: nothing of it has to be remembered, and the next sweep finds what this one misses.
        await self._sweep.run()

    async def _step(self, name: str, subject: str, call: Callable[[], Awaitable[T]]) -> T:
        async def run() -> T:
            return await self._patience.step(name, subject, call)

        return await DBOS.run_step_async({"name": name}, run)


async def _plain(answer: Awaitable[Json]) -> dict[str, Any]:
    return dict(await answer)
