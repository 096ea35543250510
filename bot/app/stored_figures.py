"""The store's figures for the metrics. A figure that fails doesn't hide the others."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, TypeVar

from bot.app.metrics import Stored
from bot.core.concurrency.deadline import within
from bot.core.records.timers import Backlog

STORED_SECONDS: Final = 2.0
T = TypeVar("T")


async def stored_figures(
    *,
    backlog: Awaitable[Backlog],
    undelivered: Awaitable[Sequence[Any]],
    head: Awaitable[tuple[int, Any]],
    lag: Awaitable[int],
    requests_open: Awaitable[int],
    stuck: Awaitable[Sequence[Any]],
) -> Stored:
    """Return the figures. A figure that fails or takes too long is NaN."""
    late, missed, entries, behind, is_open, unfinished = await asyncio.gather(
        _answer(backlog), _answer(undelivered), _answer(head), _answer(lag), _answer(requests_open), _answer(stuck)
    )
    return Stored(
        overdue=_number(late, lambda found: found.overdue),
        failing=_number(late, lambda found: found.failing),
        undelivered=_number(missed, len),
        audit_entries=_number(entries, lambda found: found[0]),
        audit_lag=_number(behind, float),
        requests_open=_number(is_open, float),
        workflows_stuck=_number(unfinished, len),
    )


async def _answer(work: Awaitable[T]) -> T | None:
    try:
        return await within(STORED_SECONDS, work)
    except Exception:
        return None


def _number(found: T | None, read: Callable[[T], float]) -> float:
    return math.nan if found is None else read(found)
