"""The workflows: a request's phase, a due timer, an orphaned intent, and the sweep that finds due timers."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

import structlog
from dbos import DBOS

from bot.core.concurrency.background import Loop
from bot.core.records.timers import Timer, TimerKind
from bot.core.requests.step_results import ActResult, BeginResult, StepName, VerifyResult
from bot.durable.engine import EXECUTE, FIRE, RESUME, SWEEP
from bot.durable.protocols import Resume, StepResult, Store, Work
from bot.durable.step_runner import StepRunner
from bot.errors import BotError, Unavailable

log = structlog.get_logger(__name__)

T = TypeVar("T")
FIRE_SECONDS: Final = 600.0
"""The time limit for a timer's work, in seconds. After that it counts as failed."""
FIRST_PAUSE: Final = timedelta(seconds=2)
LONGEST_PAUSE: Final = timedelta(minutes=5)
"""The longest pause between two attempts of a failing timer, before up to 25 % of jitter is added."""
FAILED: Final = "failed"
"""The first element of the stored result of a timer whose work failed. The second is the cause."""


class Workflows:
    """The functions that DBOS runs. A step with a stored result isn't run again."""

    def __init__(self, work: Work, store: Store, resume: Resume, sweep: Loop, runner: StepRunner) -> None:
        self._work = work
        self._store = store
        self._resume = resume
        self._sweep = sweep
        self._runner = runner

    def register(self) -> Callable[..., Any]:
        """Register the functions with DBOS before its launch. Returns the function to schedule."""
        for name, function in ((EXECUTE, self._execute), (FIRE, self._fire), (RESUME, self._resume_intent)):
            self._register(name, function)
        return self._register(SWEEP, self._run_sweep)

    def _register(self, name: str, function: Callable[..., Awaitable[None]]) -> Callable[..., Any]:
        async def run(*arguments: Any) -> None:
            self._runner.begin()
            await self._runner.wait_if_ending()
            await function(*arguments)

        # Recover without a limit, because a workflow must be completed even after a hundred interruptions.
        return DBOS.workflow(name=name, max_recovery_attempts=None)(run)

    async def _execute(self, request_id: str, phase: str) -> None:
        work, subject, started = self._work, f"{request_id}:{phase}", time.monotonic()
        structlog.contextvars.bind_contextvars(request=request_id, phase=phase)

        async def step(name: StepName, call: Callable[[], Awaitable[StepResult]]) -> Any:
            async def run() -> Any:
                return _result_to_json(await call())

            async def give_up() -> Any:
                return _result_to_json(await work.give_up(name, request_id, phase))

            return await self._step(name, subject, run, give_up)

        begun = await step(StepName.BEGIN, lambda: work.begin(request_id, phase))
        if begun != BeginResult.GO:
            return
        acted = ActResult.from_json(await step(StepName.ACT, lambda: work.act(request_id, phase)))
        seen = VerifyResult.from_json(await step(StepName.VERIFY, lambda: work.verify(request_id, phase, acted)))
        await step(StepName.FINISH, lambda: work.finish(request_id, phase, seen))
        ms = round((time.monotonic() - started) * 1000)
        structlog.contextvars.bind_contextvars(ms=ms, attempts=self._runner.attempts())
        await step(StepName.NOTIFY, lambda: work.notify(request_id, phase))

    async def _fire(self, kind: str, subject: str, due_at: str, attempt: int, failures: int = 0) -> None:
        timer = Timer(TimerKind(kind), subject, datetime.fromisoformat(due_at), attempt, failures)
        structlog.contextvars.bind_contextvars(timer=f"{kind}:{subject}")

        async def fire() -> list[Any] | None:
            if not await self._store.timers.is_due(timer.kind, timer.subject, timer.due_at):
                return None
            try:
                async with asyncio.timeout(FIRE_SECONDS):
                    following = await self._work.fire(timer)
            except Exception as error:
                return [FAILED, _note_failure(timer, error)]
            return _timer_to_json(timer, following)

        async def store_next() -> None:
            if result and result[0] == FAILED:
                return await self._store.timers.postpone(timer, datetime.now(UTC) + pause_after(failures), result[1])
            return await self._store.timers.replace(timer, _following(timer, result))

        result = await self._step("fire", f"{kind}:{subject}", fire)
        await self._step("turn", f"{kind}:{subject}", store_next)

    async def _resume_intent(self, intent_id: str) -> None:
        is_answered = False

        async def resume() -> None:
            nonlocal is_answered
            incoming = None if is_answered else await self._store.intents.get(intent_id)
            if incoming is not None:
                try:
                    await self._resume(incoming)
                except Unavailable:  # the store is unavailable, so wait until it is back
                    raise
                except Exception:  # a bug, which would fail each time, so don't retry
                    log.exception("durable.given_up", intent=intent_id)
            is_answered = True  # if this step is retried, it only has to close the intent
            await self._store.intents.close(intent_id)

        await self._step("resume", intent_id, resume)

    async def _run_sweep(self, scheduled_at: Any, context: Any) -> None:
        # Not a step: it has no result to store, and the next sweep finds what this one misses.
        await self._sweep.round()

    async def _step(
        self,
        name: str,
        subject: str,
        call: Callable[[], Awaitable[T]],
        otherwise: Callable[[], Awaitable[T]] | None = None,
    ) -> T:
        async def run() -> T:
            return await self._runner.step(name, subject, call, otherwise)

        return await DBOS.run_step_async({"name": name}, run)


def pause_after(failures: int) -> timedelta:
    """Return the pause before the next attempt of a failing timer. It grows up to a limit, and has jitter."""
    grown: timedelta = FIRST_PAUSE * 3 ** min(failures, 16)
    return min(grown, LONGEST_PAUSE) * random.uniform(1.0, 1.25)


def _timer_to_json(fired: Timer, following: Timer | None) -> list[Any] | None:
    """Return the next timer as a step's result: due time, attempt and, after a failure, the cause.

    None if there is no next timer. Logs failures.
    """
    if following is None:
        return None
    kept = [following.due_at.isoformat(), following.attempt]
    if following.failures <= fired.failures:
        return kept
    about = {"kind": fired.kind.value, "subject": fired.subject}
    log.warning("timer.failed", **about, failures=following.failures, cause=following.cause)
    return [*kept, following.cause]


def _following(fired: Timer, kept: list[Any] | None) -> Timer | None:
    """Return the next timer from a step's result, if there is one. After a success, its failures start at 0."""
    if kept is None:
        return None
    due_at, attempt, *cause = kept
    failures = fired.failures + 1 if cause else 0
    return Timer(fired.kind, fired.subject, datetime.fromisoformat(due_at), attempt, failures, *cause)


def _note_failure(timer: Timer, error: Exception) -> str:
    """Log why a timer's work failed, and return the cause in a few words."""
    cause = error.cause if isinstance(error, BotError) else type(error).__name__
    more = {} if isinstance(error, BotError) or timer.failures > 1 else {"exc_info": error}
    log.error(
        "timer.failed", kind=timer.kind.value, subject=timer.subject, failures=timer.failures + 1, cause=cause, **more
    )
    return cause


def _result_to_json(result: StepResult) -> Any:
    """Return a step's result as JSON for DBOS to store."""
    if isinstance(result, BeginResult):
        return result.value
    return result.to_json() if result is not None else None
