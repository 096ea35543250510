"""Steps that do not give up: what raises is tried again, with longer and longer pauses, until it goes through."""

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
"""So often a step may fail by a fault of ours before the work ends another way; it takes some seconds."""
_ATTEMPTS: ContextVar[list[int]] = ContextVar("attempts")
"""One number, in a list because what runs inside a step has a copy of the workflow's variables."""


class StepRunner:
    """Runs steps, and knows when the process is about to end."""

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
        """Return what `call` returns, however often it has to be tried.

        Work that is lost sight of is worse than work that is late: so a workflow never ends in an error, and one that
        cannot go on stays where it can be seen (`Queue.stuck`), goes on when the cause is gone, and survives restarts.

        Args:
            otherwise: takes the place of `call` after some faults, which are errors other than `Unavailable`: who
                waits for the outcome is to hear of one.
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
        """Return how often the step of the current workflow was tried that needed the most tries."""
        return _ATTEMPTS.get([1])[0]

    def begin(self) -> None:
        """Say that the current task runs a workflow."""
        task = asyncio.current_task()
        assert task is not None, "workflows run on the event loop"
        self._workflows.add(task)
        _ATTEMPTS.set([1])
        task.add_done_callback(self._workflows.discard)

    async def wait_if_ending(self) -> None:
        """Let no workflow begin when the process is about to end: the next one takes it up."""
        if self._ending:
            await asyncio.Event().wait()

    async def end(self, *, within: float) -> int:
        """Let running workflows end in so many seconds; cut short what is left. Returns how many were cut short.

        What is cut short keeps its row as begun, and goes on after the last step that was kept.
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
        # The first failures with all that is known, later ones in a line.
        more = {"exc_info": error} if number <= 2 else {"error": type(error).__name__}
        log.error("durable.step_failed", step=name, subject=subject, attempt=number, **more)
