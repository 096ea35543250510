"""Tasks that continue after the acknowledgement. Failures are logged, and a shutdown waits for the tasks."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Final

import structlog

log = structlog.get_logger(__name__)
CANCELLED_SECONDS: Final = 3.0
"""How long a cancelled task may take to notify the person who waits for it, in seconds."""


class TaskKeeper:
    """Keeps references to running tasks, because asyncio keeps only weak ones."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._running)

    def start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run `work` in its own task. Errors that it doesn't handle are logged."""
        task = asyncio.get_running_loop().create_task(work)
        self._running.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("a task failed", exc_info=error)

    async def drain(self, timeout: float) -> bool:
        """Wait for all tasks, including new ones. Returns False if some took too long and were cancelled.

        Cancelled tasks have `CANCELLED_SECONDS` to notify the people who wait for them.
        """
        deadline = asyncio.get_running_loop().time() + timeout
        while self._running:
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0:
                break
            await asyncio.wait(set(self._running), timeout=left)
        late = set(self._running)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late, timeout=CANCELLED_SECONDS)
        return not late
