"""Work is enqueued by the transaction that decides on it, or not at all."""

import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError

from bot.core.requests.request import State
from bot.durable.engine import EXECUTE
from bot.durable.queue import Queue
from bot.store.store import SqlStore
from tests.durable.conftest import Processes, approved, until, wait_until_ended
from tests.store.samples import entry, hold, move, request


async def test_a_transition_that_is_rolled_back_enqueues_nothing(store: SqlStore, queue: Queue) -> None:
    await store.requests.open(request(), move(State.PENDING))
    fails = move(State.APPROVED, enqueue="execute", holds=[hold(), hold()])
    after = replace(fails, holds=(), entries=[entry(detail={"no": object()})])

    with pytest.raises(IntegrityError):
        await store.requests.move("r-0000000001", expect=[State.PENDING], move=fails)
    with pytest.raises(TypeError):
        await store.requests.move("r-0000000001", expect=[State.PENDING], move=after)

    assert await queue.client.list_workflows_async(name=EXECUTE) == []
    kept = await store.requests.get("r-0000000001")
    assert kept
    assert kept.state is State.PENDING


async def test_a_phase_is_enqueued_once_however_often_it_is_requested(store: SqlStore, queue: Queue) -> None:
    await approved(store)

    again = move(State.APPROVED, enqueue="execute")
    await store.requests.move("r-0000000001", expect=[State.APPROVED], move=again)

    waiting = await queue.client.list_workflows_async(name=EXECUTE)
    assert [one.workflow_id for one in waiting] == ["r-0000000001:execute"]


async def test_work_that_takes_too_long_is_visible(store: SqlStore, queue: Queue) -> None:
    await approved(store)

    assert await queue.stuck(for_=timedelta(hours=1)) == []
    assert await queue.stuck(for_=timedelta(seconds=-60)) == ["r-0000000001:execute"]


async def test_old_rows_are_deleted_and_open_ones_stay(store: SqlStore, queue: Queue, processes: Processes) -> None:
    await processes.start()
    done = await approved(store)
    await wait_until_ended(store, done.id)
    await until(lambda: "notified r-0000000001" in processes.done)
    await processes.stop()
    await approved(store, 2)

    assert await queue.prune(datetime.now(UTC) - timedelta(days=1)) == 0
    await queue.prune(datetime.now(UTC) + timedelta(minutes=1))

    left = await queue.client.list_workflows_async(name=EXECUTE)
    assert [one.workflow_id for one in left] == ["r-0000000002:execute"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_an_error_of_a_step_is_never_stored(store: SqlStore, processes: Processes, tmp_path: Path) -> None:
    (processes.folder / "fail-act").touch()
    await processes.start()
    await wait_until_ended(store, (await approved(store)).id)
    await until(lambda: "notified r-0000000001" in processes.done)
    await processes.stop()

    with sqlite3.connect(tmp_path / "turso-ops.db") as rows:
        dump = "\n".join(rows.iterdump())
    assert "a failure that passes" in processes.log
    assert "a failure that passes" not in dump
    assert "py_pickle" not in dump
