"""Reads the metrics that come from the store. If one query fails, the others are still reported."""

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
    """Return the metrics. A value is NaN if its query fails or takes longer than STORED_SECONDS."""
    timers, notices, newest, entries_behind, open_requests, stuck_workflows = await asyncio.gather(
        _answer(backlog), _answer(undelivered), _answer(head), _answer(lag), _answer(requests_open), _answer(stuck)
    )
    return Stored(
        overdue=_number(timers, lambda found: found.overdue),
        failing=_number(timers, lambda found: found.failing),
        undelivered=_number(notices, len),
        audit_entries=_number(newest, lambda found: found[0]),
        audit_lag=_number(entries_behind, float),
        requests_open=_number(open_requests, float),
        workflows_stuck=_number(stuck_workflows, len),
    )


async def _answer(work: Awaitable[T]) -> T | None:
    try:
        return await within(STORED_SECONDS, work)
    except Exception:
        return None


def _number(found: T | None, read: Callable[[T], float]) -> float:
    return math.nan if found is None else read(found)
