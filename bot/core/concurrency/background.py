"""Background loops. An error stops no loop, and is visible in metrics and logs."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from typing import Final

import structlog

from bot.errors import Unavailable

log = structlog.get_logger(__name__)

RoundFunction = Callable[[], Awaitable[None]]
FIRST_PAUSE: Final = 0.5
LONGEST_PAUSE: Final = 60.0
"""The longest pause in seconds after failures. A loop with a longer interval keeps its interval."""


class Loop:
    """Repeated work. `once` runs one round of it."""

    def __init__(self, name: str, once: RoundFunction, every: float, observe: Callable[[str], None]) -> None:
        self.name = name
        self.once = once
        self.rounds = 0
        """How many rounds have succeeded."""
        self.failures = 0
        """How many rounds in a row have failed."""
        self.cause = ""
        """The type of the last error. Empty while the loop works."""
        self._every = every
        self._observe = observe
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Run rounds in a task of this loop until `stop`."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name=f"background: {self.name}")

    async def stop(self) -> None:
        """Stop this loop, even in the middle of a round."""
        if self._task is None:
            return
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(self._task, return_exceptions=True)

    async def round(self) -> bool:
        """Run one round. Logs and counts an error instead of raising it, and then returns False.

        Raises CancelledError if the current task is being cancelled.
        """
        try:
            await self.once()
        except asyncio.CancelledError as error:
            if _is_being_cancelled():
                raise
            self._failed(error)
        except Exception as error:
            self._failed(error)
        else:
            self.rounds, self.failures, self.cause = self.rounds + 1, 0, ""
        return not self.failures

    def pause(self) -> float:
        """Return the seconds until the next round."""
        if not self.failures:
            return self._every
        doubled: float = FIRST_PAUSE * 2 ** min(self.failures - 1, 16)
        return max(self._every, min(doubled, LONGEST_PAUSE))

    async def _run(self) -> None:
        while True:
            await self.round()
            # Always pause. Otherwise a loop with an interval of 0 would block the others while its rounds fail at once.
            await asyncio.sleep(self.pause())

    def _failed(self, error: BaseException) -> None:
        self.failures, self.cause = self.failures + 1, type(error).__name__
        self._observe(self.name)
        if isinstance(error, Unavailable):  # an outage isn't a bug, and may last for hours
            log.error("background.failed", loop=self.name, failures=self.failures, why=error.cause)
        else:
            log.error("background.failed", loop=self.name, failures=self.failures, exc_info=error)


class Background:
    """The background loops of one process."""

    def __init__(self, observe: Callable[[str], None] = lambda name: None) -> None:
        """Create an empty set of loops.

        Args:
            observe: called with the name of a loop whenever one of its rounds fails.
        """
        self._observe = observe
        self._loops: dict[str, Loop] = {}

    def __iter__(self) -> Iterator[Loop]:
        return iter(list(self._loops.values()))

    def add(self, name: str, once: RoundFunction, *, every: float = 0.0) -> Loop:
        """Add a loop and return it. It takes the place of an earlier one of the same name, which isn't stopped.

        Call `start` to run it in its own task, or `round` if something else sets the pace.
        """
        loop = self._loops[name] = Loop(name, once, every, self._observe)
        return loop

    def start(self, name: str, once: RoundFunction, *, every: float = 0.0) -> Loop:
        """Add a loop and start it. `every` is the pause after each round, in seconds."""
        loop = self.add(name, once, every=every)
        loop.start()
        return loop

    def failing(self) -> list[Loop]:
        """Return the loops whose last round failed."""
        return [loop for loop in self if loop.failures]


def _is_being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
