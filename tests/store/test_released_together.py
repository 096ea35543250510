"""If several holds of a database end at the same time, the one released last gets a timer that removes their blocks."""

import asyncio
from datetime import timedelta

import pytest

from bot.core.records.holds import Hold, HoldKind
from bot.core.records.timers import TimerKind
from bot.core.requests.request import State
from bot.store.store import SqlStore
from tests.store.conftest import NOON
from tests.store.samples import hold, move, request

HOUR = timedelta(hours=1)


async def unblocking(store: SqlStore) -> list[str]:
    """Return the IDs of the holds that have an unblock timer."""
    due = await store.timers.due(NOON + 10 * HOUR, limit=1000)
    return sorted(timer.subject for timer in due if timer.kind is TimerKind.UNBLOCK)


async def place(store: SqlStore, *holds: Hold) -> None:
    await store.requests.open(request(), move(State.EXECUTING, holds=holds))


async def test_of_two_processes_that_release_at_the_same_time_one_sets_the_timer(
    store: SqlStore, other: SqlStore
) -> None:
    for number in range(1, 13):
        database = {"database": f"db-{number}", "database_id": f"id-{number}"}
        pair = [hold(2 * number + n, **database) for n in range(2)]
        await store.requests.open(request(number, requester=f"U{number}"), move(State.EXECUTING, holds=pair))
        ends = [(store, other)[n].holds.release(pair[n].id, NOON + HOUR) for n in range(2)]
        before = await unblocking(store)

        assert await asyncio.gather(*(ends if number % 2 else reversed(ends))) == [True, True]

        (left,) = set(await unblocking(store)) - set(before)
        assert left in (pair[0].id, pair[1].id)


async def test_a_hold_that_ends_alone_gets_no_timer(store: SqlStore) -> None:
    await place(store, hold(1), hold(2, database_id="db-2"), hold(3, placed_at=NOON + 2 * HOUR))

    for hold_id, hours in (("h-1", 1), ("h-2", 1), ("h-3", 3)):
        assert await store.holds.release(hold_id, NOON + hours * HOUR)

    assert await unblocking(store) == []


async def test_holds_that_one_transaction_releases_get_no_timer(store: SqlStore) -> None:
    await place(store, hold(1), hold(2))

    ended = move(State.SUCCEEDED, release_holds=["h-1", "h-2"])
    assert await store.requests.move(request().id, expect=[State.EXECUTING], move=ended)

    assert await unblocking(store) == []


async def test_a_found_block_is_released_with_the_last_hold(store: SqlStore) -> None:
    await place(store, hold(1), hold(2), hold(3, kind=HoldKind.FOUND))

    assert await store.holds.release("h-1", NOON)
    assert {one.id for one in await store.holds.find(organization="acme")} == {"h-2", "h-3"}
    assert await store.holds.release("h-2", NOON + 2 * HOUR)

    assert await store.holds.find(organization="acme") == []


async def test_a_found_block_that_a_transition_releases_gets_no_timer(store: SqlStore) -> None:
    await place(store, hold(1), hold(2), hold(3, kind=HoldKind.FOUND))
    assert await store.holds.release("h-1", NOON + HOUR)

    thawed = move(State.SUCCEEDED, release_holds=["h-2", "h-3"])
    assert await store.requests.move(request().id, expect=[State.EXECUTING], move=thawed)

    assert await unblocking(store) == ["h-2"]


@pytest.mark.parametrize("again", ["h-2", "h-1"])
async def test_the_timer_survives_a_second_release(store: SqlStore, again: str) -> None:
    await place(store, hold(1), hold(2))
    assert await store.holds.release("h-1", NOON + HOUR)
    assert await store.holds.release("h-2", NOON + HOUR)

    assert not await store.holds.release(again, NOON + 2 * HOUR)

    assert await unblocking(store) == ["h-2"]


async def test_a_release_by_the_firing_timer_of_a_freeze_sets_no_other_timer(store: SqlStore) -> None:
    await place(store, hold(1), hold(2))
    assert await store.holds.release("h-1", NOON + HOUR)

    assert await store.holds.release("h-2", NOON + HOUR, keeps_timer=True)

    assert await unblocking(store) == []
