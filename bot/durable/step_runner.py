"""Retries of workflow steps: a failing step is repeated with growing pauses until it succeeds."""

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any, Final, TypeVar

import stamina
import structlog

from bot.errors import Unavailable

log = structlog.get_logger(__name__)

T = TypeVar("T")
FIRST_PAUSE: Final = 0.2
LONGEST_PAUSE: Final = 60.0
FAULTS: Final = 4
"""How many times a step may fail because of a bug before `otherwise` replaces it. These failures take a few seconds."""
_ATTEMPTS: ContextVar[list[int]] = ContextVar("attempts")
"""A list with one number: the most attempts so far. It is a list, because a step runs in a copy of the context."""


class StepRunner:
    """Runs steps, and lets running workflows finish when this run of DBOS is stopped."""

    def __init__(self) -> None:
        self._ending = False
        self._workflows: set[asyncio.Task[Any]] = set()

    async def step(
        self,
        name: str,
        subject: str,
        call: Callable[[], Awaitable[T]],
        otherwise: Callable[[], Awaitable[T]] | None = None,
    ) -> T:
        """Call `call` until it succeeds, and return its result.

        A workflow never ends with an error, because late work is better than lost work. A workflow that can't continue
        is listed by `Queue.stuck`, survives restarts, and continues once the cause is gone.

        Args:
            otherwise: called instead of `call` after several faults, so that people are notified of an outcome. Faults
                are errors other than `Unavailable`.
        """
        faults = 0
        async for attempt in stamina.retry_context(
            on=Exception, attempts=None, timeout=None, wait_initial=FIRST_PAUSE, wait_max=LONGEST_PAUSE, wait_jitter=0.5
        ):
            with attempt:
                if counted := _ATTEMPTS.get(None):
                    counted[0] = max(counted[0], attempt.num)
                try:
                    return await (otherwise() if otherwise and faults >= FAULTS else call())
                except Exception as error:
                    faults += not isinstance(error, Unavailable)
                    self._say(name, subject, attempt.num, error)
                    raise
        raise AssertionError("attempts are not limited")

    def attempts(self) -> int:
        """Return the highest number of attempts that any step of the current workflow has needed."""
        return _ATTEMPTS.get([1])[0]

    def begin(self) -> None:
        """Register the current task as a running workflow."""
        task = asyncio.current_task()
        assert task is not None, "workflows run on the event loop"
        self._workflows.add(task)
        _ATTEMPTS.set([1])
        task.add_done_callback(self._workflows.discard)

    async def wait_if_ending(self) -> None:
        """Block a workflow that starts while DBOS is being stopped. Another process or the next start will run it."""
        if self._ending:
            await asyncio.Event().wait()

    async def end(self, *, within: float) -> int:
        """Wait up to `within` seconds for running workflows, then cancel the rest. Returns how many were cancelled.

        The row of a cancelled workflow is kept, and it later continues after its last completed step.
        """
        self._ending = True
        if running := set(self._workflows):
            await asyncio.wait(running, timeout=within)
        left = set(self._workflows)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        return len(left)

    def _say(self, name: str, subject: str, number: int, error: Exception) -> None:
        # The first two failures are logged with a traceback, and later ones and outages in one line.
        more: dict[str, Any] = {"exc_info": error} if number <= 2 else {"error": type(error).__name__}
        if isinstance(error, Unavailable):
            more = {"why": error.cause}
        log.error("durable.step_failed", step=name, subject=subject, attempt=number, **more)
