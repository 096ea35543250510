"""A phase runs once, whatever crashes between any two steps."""

import pytest

from bot.store.store import SqlStore
from tests.durable.conftest import Processes, approved, ended, until


async def test_an_approved_request_is_executed_and_told(store: SqlStore, processes: Processes) -> None:
    await processes.start()

    done = await ended(store, (await approved(store)).id)

    assert done.outcome == "done"
    await until(lambda: "told r-0000000001" in processes.done)
    assert processes.done.count("SENT r-0000000001") == 1
    assert not any(word in processes.log.lower() for word in ("warn", "error", "traceback")), processes.log


PLACES = [f"{step}:{where}" for step in ("begin", "act", "see", "finish", "tell") for where in ("before", "after")]
KILLS = [("sqlite", place) for place in PLACES] + [("postgresql", place) for place in ("begin:after", "act:after")]


@pytest.mark.parametrize(("database_url", "place"), KILLS, indirect=["database_url"])
async def test_a_process_killed_between_two_steps_is_finished_by_its_successor(
    store: SqlStore, processes: Processes, place: str
) -> None:
    processes.stop_at(place)
    process = await processes.start()
    wanted = await approved(store)
    await processes.stopped()

    processes.kill(process)
    processes.go_on()
    await processes.start()

    await ended(store, wanted.id)
    await until(lambda: "told r-0000000001" in processes.done)
    assert processes.done.count("SENT r-0000000001") == 1
