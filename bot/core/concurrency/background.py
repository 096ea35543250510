"""Background loops: a fault in one ends neither that loop nor any other, and can be seen from outside."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from typing import Final

import structlog

log = structlog.get_logger(__name__)

RoundFunction = Callable[[], Awaitable[None]]
FIRST_PAUSE: Final = 0.5
LONGEST_PAUSE: Final = 60.0
"""Seconds between two tries of a loop that fails; a loop whose rounds are further apart keeps its own pace."""


class Loop:
    """Work that is done again and again: `once` is one round of it."""

    def __init__(self, name: str, once: RoundFunction, every: float, observe: Callable[[str], None]) -> None:
        self.name = name
        self.once = once
        self.rounds = 0
        """Rounds that ended well."""
        self.failures = 0
        """Rounds in a row that failed."""
        self.cause = ""
        """The kind of the last failure; empty while the loop is well."""
        self._every = every
        self._observe = observe
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Run rounds until `stop`, each in this loop's own task."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name=f"background: {self.name}")

    async def stop(self) -> None:
        """End this loop, also in the middle of a round."""
        if self._task is None:
            return
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(self._task, return_exceptions=True)

    async def round(self) -> bool:
        """Run one round. False: it failed; then the failure is logged and counted, and nothing is raised."""
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
            # Always a pause: a loop that waits within its round must not keep the others waiting while it fails.
            await asyncio.sleep(self.pause())

    def _failed(self, error: BaseException) -> None:
        self.failures, self.cause = self.failures + 1, type(error).__name__
        self._observe(self.name)
        log.error("background.failed", loop=self.name, failures=self.failures, exc_info=error)


class Background:
    """The background loops of one process."""

    def __init__(self, observe: Callable[[str], None] = lambda name: None) -> None:
        """Prepare.

        Args:
            observe: is told the name of a loop whenever one of its rounds fails.
        """
        self._observe = observe
        self._loops: dict[str, Loop] = {}

    def __iter__(self) -> Iterator[Loop]:
        return iter(list(self._loops.values()))

    def add(self, name: str, once: RoundFunction, *, every: float = 0.0) -> Loop:
        """Return a new loop of this name, in place of an earlier one.

        Call `start` for a task of its own, or `round` wherever something else sets the pace.
        """
        loop = self._loops[name] = Loop(name, once, every, self._observe)
        return loop

    def start(self, name: str, once: RoundFunction, *, every: float = 0.0) -> Loop:
        """Add a loop and start it. `every` is the pause in seconds after each round."""
        loop = self.add(name, once, every=every)
        loop.start()
        return loop

    def failing(self) -> list[Loop]:
        """Return the loops whose last round failed."""
        return [loop for loop in self if loop.failures]


def _is_being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
