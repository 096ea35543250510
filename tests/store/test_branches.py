"""Branches in the store: end dates change by compare-and-set, so only one of two simultaneous changes is made."""

import asyncio
from datetime import timedelta

import pytest

from bot.core.records.branches import Branch, BranchState
from bot.core.records.timers import Timer, TimerKind
from bot.core.requests.request import State
from bot.store.store import SqlStore
from tests.store.conftest import NOON
from tests.store.samples import branch, entry, move, request

DAY = timedelta(days=1)


async def record(store: SqlStore, *branches: Branch) -> None:
    """Store branches with a request, and their timers."""
    timers = [Timer(TimerKind.BRANCH_END, one.id, one.announced_at) for one in branches if one.announced_at]
    await store.requests.open(request(), move(State.EXECUTING, branches=branches, timers=timers))


async def test_a_branch_is_recorded_with_its_request_and_found_by_its_database(store: SqlStore) -> None:
    await record(store, branch(1), branch(2, days=None))

    assert await store.branches.get("b-1") == branch(1)
    assert await store.branches.get("b-9") is None
    assert [one.id for one in await store.branches.find(organization="acme")] == ["b-1", "b-2"]
    assert await store.branches.find(organization="acme", database_ids=["db-2", "db-9"]) == [branch(2, days=None)]
    assert await store.branches.find(organization="other") == []
    assert await store.timers.due(NOON + 2 * DAY) == [Timer(TimerKind.BRANCH_END, "b-1", NOON + 2 * DAY)]


async def test_moving_an_end_date_moves_its_timer_and_the_date_can_be_removed(store: SqlStore) -> None:
    await record(store, branch())

    later = await store.branches.move_end(branch(), NOON + 9 * DAY, entry("branch_extended"))
    assert later is not None
    assert later.ends_at == NOON + 9 * DAY
    assert [one.due_at for one in await store.timers.due(NOON + 99 * DAY)] == [NOON + 8 * DAY]
    assert await store.branches.move_end(branch(), None, entry("branch_kept")) is None, (
        "the end date was moved meanwhile"
    )

    assert await store.branches.move_end(later, None, entry("branch_kept")) is not None
    assert await store.timers.due(NOON + 99 * DAY) == []
    assert (await store.audit.head())[0] == 2, "one entry for each change"


async def test_a_branch_ends_once_and_is_closed_once(store: SqlStore) -> None:
    await record(store, branch())

    begun = await store.branches.begin_end(branch(), entry("branch_ended"))
    assert begun is not None
    assert begun.state is BranchState.ENDING
    assert await store.branches.begin_end(branch(), entry("branch_ended")) is None
    assert await store.branches.move_end(branch(), NOON + 9 * DAY, entry("branch_extended")) is None
    assert await store.branches.close("b-1", entry("branch_ended"))
    assert not await store.branches.close("b-1", entry("branch_ended"))

    ended = await store.branches.get("b-1")
    assert ended is not None
    assert (ended.state, ended.ends_at) == (BranchState.ENDED, None)


@pytest.mark.parametrize("turn", range(4))
async def test_if_a_branch_is_ended_and_extended_at_the_same_time_only_one_change_is_made(
    store: SqlStore, other: SqlStore, turn: int
) -> None:
    await record(store, branch())
    works = [
        store.branches.begin_end(branch(), entry("branch_ended")),
        other.branches.move_end(branch(), NOON + 9 * DAY, entry("branch_extended")),
        other.branches.move_end(branch(), None, entry("branch_kept")),
    ]

    done = await asyncio.gather(*(works[turn % 3 :] + works[: turn % 3]))

    winners = [one for one in done if one is not None]
    assert len(winners) == 1
    kept = await store.branches.get("b-1")
    assert kept == winners[0]
    assert (await store.audit.head())[0] == 1, "one entry for the change that was made"
