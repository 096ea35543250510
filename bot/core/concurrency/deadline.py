"""Waits with a deadline that is kept even if the awaited work can't be cancelled quickly."""

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar

T = TypeVar("T")
_abandoned: set[asyncio.Task[Any]] = set()
"""References to cancelled tasks until they end, because asyncio keeps none."""


async def within(seconds: float, work: Awaitable[T]) -> T:
    """Return the result of `work`, or cancel it after `seconds` without waiting until the cancellation is done.

    `asyncio.timeout` waits until the work has handled its cancellation. A database driver needs many seconds for that
    when it asks a hanging server to cancel a statement.

    Raises:
        TimeoutError: `work` took longer.
    """
    task = asyncio.ensure_future(work)
    try:
        done, _ = await asyncio.wait([task], timeout=seconds)
    except asyncio.CancelledError:
        abandon(task)
        raise
    if done:
        return task.result()
    abandon(task)
    raise TimeoutError


def abandon(task: asyncio.Task[Any]) -> None:
    """Cancel a task whose result isn't needed, if it hasn't ended. Its error isn't reported."""
    _abandoned.add(task)
    task.add_done_callback(_forget)
    task.cancel()


def _forget(task: asyncio.Task[Any]) -> None:
    _abandoned.discard(task)
    if not task.cancelled():
        task.exception()  # mark the error as retrieved, or asyncio would log it
