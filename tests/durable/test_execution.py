"""The change of a request is sent once and completed, even if the process crashes before or after any step."""

import json
import sqlite3
from pathlib import Path

import pytest

from bot.store.store import SqlStore
from tests.durable.conftest import Processes, approved, until, wait_until_ended


async def test_an_approved_request_is_executed_and_reported(store: SqlStore, processes: Processes) -> None:
    await processes.start()

    done = await wait_until_ended(store, (await approved(store)).id)

    assert done.outcome == "done"
    await until(lambda: "notified r-0000000001" in processes.done)
    assert processes.done.count("SENT r-0000000001") == 1
    assert not any(word in processes.log.lower() for word in ("warn", "error", "traceback")), processes.log


PLACES = [f"{step}:{where}" for step in ("begin", "act", "see", "finish", "tell") for where in ("before", "after")]
KILLS = [("sqlite", place) for place in PLACES] + [("postgresql", place) for place in ("begin:after", "act:after")]


@pytest.mark.parametrize(("database_url", "place"), KILLS, indirect=["database_url"])
async def test_work_of_a_process_that_is_killed_before_or_after_a_step_is_continued_by_its_successor(
    store: SqlStore, processes: Processes, place: str
) -> None:
    processes.stop_at(place)
    process = await processes.start()
    wanted = await approved(store)
    await processes.stopped()

    processes.kill(process)
    processes.go_on()
    await processes.start()

    await wait_until_ended(store, wanted.id)
    await until(lambda: "notified r-0000000001" in processes.done)
    assert processes.done.count("SENT r-0000000001") == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_work_that_an_older_version_started_is_finished_after_an_upgrade(
    store: SqlStore, processes: Processes, tmp_path: Path
) -> None:
    """An older version stored less of a step's result, and had the same step names."""
    processes.stop_at("see:before")
    process = await processes.start()
    wanted = await approved(store)
    await processes.stopped()
    processes.kill(process)
    with sqlite3.connect(tmp_path / "turso-ops.db") as rows:
        kept = dict(rows.execute("SELECT function_name, output FROM operation_outputs WHERE function_name != ''"))
        assert {name: json.loads(output) for name, output in kept.items()} == {
            "begin": "go",
            "act": {"acted": "done", "why": "", "facts": {}},
        }
        older = json.dumps({"acted": "done"})
        rows.execute("UPDATE operation_outputs SET output = ? WHERE function_name = 'act'", [older])

    processes.go_on()
    await processes.start()

    assert (await wait_until_ended(store, wanted.id)).outcome == "done"
    await until(lambda: "notified r-0000000001" in processes.done)
    assert processes.done.count("SENT r-0000000001") == 1
