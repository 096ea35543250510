"""The store ensures that a database has at most one open quarantine."""

import asyncio
from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot.core.records.holds import Hold, HoldKind
from bot.core.records.timers import Timer, TimerKind
from bot.core.requests.request import State
from bot.core.requests.transition import Closing
from bot.store.connections.urls import place_of
from bot.store.schema.upgrading import upgrade
from bot.store.store import SqlStore, open_store
from tests.present import present
from tests.store.conftest import NOON, StoppedClock
from tests.store.samples import entry, hold, move, request
from tests.store.test_upgrading import make_old

HOUR = timedelta(hours=1)


def quarantine(number: int, **changes: object) -> Hold:
    request_id = f"r-{number:010}"
    return hold(number, **{"kind": HoldKind.QUARANTINE, "block_reads": True, "request_id": request_id, **changes})


async def approved(store: SqlStore, *numbers: int) -> None:
    for number in numbers:
        await store.requests.open(request(number, requester=f"U{number}"), move(State.APPROVED))


async def start(store: SqlStore, number: int, *holds: Hold, **brings: object) -> bool:
    """Start a request with these holds, or else with a quarantine of `orders-eu`. Return True if it started."""
    go = move(State.EXECUTING, event="begun", holds=holds or [quarantine(number)], **brings)
    return await store.requests.move(f"r-{number:010}", expect=[State.APPROVED], move=go) is not None


async def test_a_second_quarantine_of_a_database_does_not_start_and_leaves_nothing(store: SqlStore) -> None:
    await approved(store, 1, 2)
    assert await start(store, 1)

    again = [hold(8), quarantine(2), hold(9)]
    assert not await start(store, 2, *again, timers=[Timer(TimerKind.FINISH, "r-2", NOON)])

    assert present(await store.requests.get("r-0000000002")).state is State.APPROVED
    assert [one.id for one in await store.holds.find()] == ["h-1"]
    assert await store.timers.due(NOON) == []
    assert (await store.audit.head())[0] == 1


async def test_if_many_quarantines_start_at_the_same_moment_only_one_is_stored(
    store: SqlStore, other: SqlStore
) -> None:
    numbers = range(1, 21)
    await approved(store, *numbers)

    won = await asyncio.gather(*(start((store, other)[n % 2], n) for n in numbers))

    assert sum(won) == 1
    assert len(await store.holds.find()) == 1
    assert (await store.audit.head())[0] == 1


async def test_other_databases_and_other_kinds_of_holds_do_not_conflict(store: SqlStore) -> None:
    await approved(store, 1, 2, 3)

    assert await start(store, 1, quarantine(1), hold(11), hold(12, kind=HoldKind.FOUND))
    assert await start(store, 2, hold(21))
    assert await start(store, 3, quarantine(3, database_id="db-2"))


async def test_after_a_quarantine_is_released_another_can_start(store: SqlStore) -> None:
    await approved(store, 1, 2)
    await start(store, 1)
    await store.requests.move(
        "r-0000000001", expect=[State.EXECUTING], move=move(State.RESTORED, release_holds=["h-1"])
    )

    assert await start(store, 2)


async def test_a_quarantine_that_replaces_another_closes_it_and_leaves_the_database_blocked(store: SqlStore) -> None:
    await approved(store, 1, 2)
    await start(store, 1, quarantine(1), hold(11, kind=HoldKind.FOUND, request_id="r-0000000001"))
    waits = move(State.QUARANTINED, timers=[Timer(TimerKind.FINISH, "r-0000000001", NOON)])
    await store.requests.move("r-0000000001", expect=[State.EXECUTING], move=waits)

    closing = Closing("r-0000000001", "Another took its place.", entry("finished", outcome="stale"))
    assert await start(store, 2, closes=[closing])

    old = await store.requests.get("r-0000000001")
    assert old is not None
    assert (old.state, old.outcome, old.due_at) == (State.STALE, "Another took its place.", None)
    kinds = {one.id: one.kind for one in await store.holds.find()}
    assert kinds == {"h-1": HoldKind.FREEZE, "h-11": HoldKind.FOUND, "h-2": HoldKind.QUARANTINE}, (
        "the database is still blocked"
    )
    assert [one.kind for one in await store.timers.due(NOON + HOUR)] == [TimerKind.NOTIFY], "only a notice is due"
    entries = [one.event for _, one in await store.audit.page(before_seq=None, limit=10)]
    assert entries == ["begun", "finished", "executed", "begun"]


async def test_a_transition_that_does_not_notify_creates_no_notice(store: SqlStore) -> None:
    await approved(store, 1)
    await start(store, 1)

    await store.requests.move("r-0000000001", expect=[State.EXECUTING], move=move(State.QUARANTINED, notifies=False))
    assert await store.notices.pending("r-0000000001") == []
    await store.requests.move("r-0000000001", expect=[State.QUARANTINED], move=move(State.QUARANTINED))

    assert [one.event for one in await store.notices.pending("r-0000000001")] == [State.QUARANTINED]


async def test_a_quarantine_whose_undo_or_destroy_is_in_progress_cannot_be_replaced(store: SqlStore) -> None:
    await approved(store, 1, 2)
    await start(store, 1)  # the request is executing, as during its Undo or the destroy

    closing = Closing("r-0000000001", "Another took its place.", entry("finished"))
    assert not await start(store, 2, closes=[closing])

    assert present(await store.requests.get("r-0000000001")).state is State.EXECUTING
    assert [one.id for one in await store.holds.find()] == ["h-1"]


async def test_closing_a_request_without_an_open_quarantine_is_not_an_error_if_no_hold_is_placed(
    store: SqlStore,
) -> None:
    await approved(store, 1, 2)
    closing = Closing("r-0000000001", "It is destroyed.", entry("finished"))

    done = await store.requests.move(
        "r-0000000002", expect=[State.APPROVED], move=move(State.SUCCEEDED, closes=[closing])
    )

    assert done is not None
    assert present(await store.requests.get("r-0000000001")).state is State.APPROVED
    entries = [one.event for _, one in await store.audit.page(before_seq=None, limit=10)]
    assert entries == ["executed"], "only the transition's own entry"


@pytest.mark.parametrize(
    ("others", "left"),
    [
        pytest.param([], set(), id="no other hold"),
        pytest.param([HoldKind.FREEZE], {"h-2", "h-9"}, id="a freeze"),
        pytest.param([HoldKind.FOUND], {"h-9"}, id="only the found block of another request"),
    ],
)
async def test_after_a_stopped_change_a_hold_for_a_found_block_stays_only_while_other_holds_need_it(
    store: SqlStore, others: list[HoldKind], left: set[str]
) -> None:
    await approved(store, 1)
    found = hold(2, kind=HoldKind.FOUND, request_id="r-0000000001")
    assert await start(store, 1, quarantine(1), found, *(hold(9, kind=kind, request_id="r-9") for kind in others))

    await store.requests.move("r-0000000001", expect=[State.EXECUTING], move=move(State.DENIED, only_unsent=True))

    assert {one.id for one in await store.holds.find()} == left


HELD = sa.text("""
    INSERT INTO holds (id, kind, organization, database, database_id, block_reads, block_writes, request_id, channel_id,
                       placed_at, released_at)
    VALUES (:id, :kind, 'acme', 'orders', :database_id, true, true, 'r-1', 'C1', :placed_at, :released_at)
""")


async def test_the_migration_keeps_only_the_newest_quarantine_of_a_database(empty_url: str) -> None:
    make_old(empty_url, "0003")
    nine, ten, noon = (f"2026-01-01 {hour}:00:00.000000" for hour in ("09", "10", "12"))
    several = [("h-1", nine), ("h-2", ten), ("h-4", noon), ("h-3", noon)]
    held: list[tuple[str | None, ...]] = [(name, "quarantine", "db-1", placed_at, None) for name, placed_at in several]
    held += [("h-5", "quarantine", "db-2", nine, None), ("h-6", "freeze", "db-1", nine, None)]
    held += [("h-7", "quarantine", "db-1", noon, noon)]
    names = ("id", "kind", "database_id", "placed_at", "released_at")
    engine = sa.create_engine(place_of(empty_url).url)
    with engine.begin() as connection:
        connection.execute(HELD, [dict(zip(names, one, strict=True)) for one in held])
    engine.dispose()

    assert await upgrade(empty_url)

    async with open_store(empty_url, StoppedClock()) as store:
        assert {one.id for one in await store.holds.find()} == {"h-4", "h-5", "h-6"}
        assert present(await store.holds.get("h-1")).released_at is not None
