"""A process that loses its executor lock keeps running, leaves its work to others, and gets a new lock."""

import asyncio
from functools import partial

import psycopg
import pytest

from bot.core.requests.request import State
from bot.durable.queue import Queue
from bot.store.store import SqlStore
from tests.durable.conftest import Processes, approved, until, wait_until_ended
from tests.soak import soaked

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
LOCKS = "application_name = 'turso-ops executor lock'"
EVERYTHING = "pid <> pg_backend_pid()"


def terminate(database_url: str, which: str) -> int:
    """Let PostgreSQL end connections to one database, as an administrator would, and return how many there were.

    Args:
        which: a condition on the rows of `pg_stat_activity`.
    """
    with psycopg.connect(database_url, autocommit=True) as admin:
        found = admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            f" WHERE {which} AND datname = current_database() AND pid <> pg_backend_pid()"
        ).fetchall()
    return len(found)


def _has_begun(processes: Processes, number: int) -> bool:
    return sum(line.startswith("begin") for line in processes.done) >= number


def _has_launched(processes: Processes, times: int) -> bool:
    return launched(processes) >= times


def launched(processes: Processes) -> int:
    return processes.log.count("durable.launched")


@pytest.mark.parametrize("which", [LOCKS, EVERYTHING], ids=["the lock", "everything"])
async def test_a_process_that_loses_its_lock_keeps_running_and_continues_its_work(
    database_url: str, store: SqlStore, processes: Processes, which: str
) -> None:
    processes.stop_at("act:before")
    process = await processes.start()
    wanted = await approved(store)
    await processes.stopped()
    processes.go_on()

    assert terminate(database_url, which)

    await until(lambda: launched(processes) == 2)
    await wait_until_ended(store, wanted.id)
    later = await approved(store, 2)
    await wait_until_ended(store, later.id)
    assert process.poll() is None
    assert processes.done.count("SENT r-0000000001") == 1
    assert processes.done.count("begin r-0000000001") == 1, "a completed step isn't repeated"
    assert "durable.paused" in processes.log
    assert "Traceback" not in processes.log, "an expected error has no traceback"
    await processes.stop()


async def test_if_two_processes_lose_their_locks_their_work_is_completed_and_not_sent_twice(
    database_url: str, store: SqlStore, processes: Processes
) -> None:
    processes.stop_at("act:after")
    await processes.start()
    wanted = await approved(store)
    await processes.stopped()
    await processes.start()
    processes.go_on()

    assert terminate(database_url, LOCKS) == 2

    await wait_until_ended(store, wanted.id)
    await until(lambda: launched(processes) == 4)
    assert processes.done.count("SENT r-0000000001") == 1
    await processes.stop()


async def test_connections_that_end_repeatedly_lose_nothing_and_repeat_nothing(
    database_url: str, store: SqlStore, queue: Queue, processes: Processes
) -> None:
    running = [await processes.start(), await processes.start()]
    wanted = []
    for turn in range(soaked(20, 3)):
        for number in range(5):
            wanted.append(await approved(store, turn * 5 + number + 1))
        await until(partial(_has_begun, processes, turn * 5 + 1))
        terminate(database_url, EVERYTHING if turn % 2 else "application_name LIKE 'turso-ops %'")
        await until(partial(_has_launched, processes, 2 * (turn + 2)))

    outcomes = {one.id: (await wait_until_ended(store, one.id)).outcome for one in wanted}
    sent = [line.removeprefix("SENT ") for line in processes.done if line.startswith("SENT")]
    assert len(sent) == len(set(sent)), "nothing is sent twice"
    assert {one for one in outcomes if one not in sent} <= {one for one, said in outcomes.items() if said == "before"}
    assert [one.poll() for one in running] == [None, None]
    assert await _all_end(queue)
    await processes.stop()


async def _all_end(queue: Queue) -> bool:
    """Return True once no workflow is unfinished, or False after a minute."""
    for _ in range(600):
        if not await queue.unfinished_by_others(""):
            return True
        await asyncio.sleep(0.1)
    return False


async def test_a_process_can_be_stopped_while_it_has_no_lock(
    database_url: str, store: SqlStore, processes: Processes
) -> None:
    process = await processes.start()
    name = database_url.partition("?")[0].rpartition("/")[2]
    server = database_url.replace(f"/{name}?", "/postgres?")
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        try:
            await until(lambda: "durable.not_started" in processes.log)
            await processes.stop()
        finally:
            admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")

    assert process.poll() == 0
    assert (await approved(store)).state is State.APPROVED, "the store accepts connections again"
