"""A rolling upgrade under bad conditions: PostgreSQL restarts, its connections end, processes are killed and replaced.

The old and the new processes run the same code. All versions of the bot have the same `VERSION` in
`bot/durable/engine.py`, because DBOS recovers only work that was started with the same one.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from functools import partial

import pytest

from bot.core.requests.request import State
from bot.durable.queue import Queue
from bot.store.connections.urls import place_of
from bot.store.store import SqlStore, open_store
from tests.durable.conftest import Processes, approved, until
from tests.durable.test_lost_lock import EVERYTHING, terminate
from tests.durable.toy import RealClock
from tests.own_postgres import Server, own_server
from tests.soak import LIMIT_SECONDS, soaked

pytestmark = pytest.mark.timeout(LIMIT_SECONDS)
REQUESTS = soaked(40, 6)
"""The number of requests in each round."""


@pytest.fixture
def server() -> Iterator[Server]:
    with own_server() as found:
        yield found


@pytest.fixture
def database_url(server: Server) -> str:
    return server.url


@pytest.fixture
async def store(server: Server) -> AsyncIterator[SqlStore]:
    queue = Queue(place_of(server.url).for_dbos)
    async with open_store(server.url, RealClock(), enqueuer=queue) as store:
        yield store
    await queue.close()


async def test_restarts_lost_connections_kills_and_a_rolling_upgrade_lose_nothing_and_repeat_nothing(
    server: Server, store: SqlStore, processes: Processes
) -> None:
    wanted: list[str] = []
    running = [await processes.start(), await processes.start()]

    async def asked() -> None:
        """Approve requests, and wait until a process has done something for them."""
        begun = len(processes.done)
        for _ in range(REQUESTS):
            wanted.append((await approved(store, len(wanted) + 1)).id)
        await until(partial(_has_more, processes, begun))

    for _ in range(soaked(10, 1)):
        await asked()
        server.stop()
        await until(server.has_stopped)
        await asyncio.sleep(soaked(20, 1))
        assert [one.poll() for one in running] == [None, None], "no process ends with its database"
        await asyncio.to_thread(server.start)

        await asked()
        terminate(server.url, EVERYTHING)

        await asked()
        old, running = running[0], running[1:]
        processes.kill(old)
        running.append(await processes.start())

        await asked()
        old, running = running[0], running[1:]
        old.terminate()
        assert await asyncio.to_thread(old.wait, 60) == 0
        processes.running.remove(old)
        running.append(await processes.start())

    await asyncio.wait_for(_all_ended(store, wanted), 180)
    outcomes = {one: (await store.requests.get(one)) for one in wanted}
    sent = [line.removeprefix("SENT ") for line in processes.done if line.startswith("SENT")]
    assert len(sent) == len(set(sent)), "nothing is sent twice"
    lost = {one for one, found in outcomes.items() if one not in sent and found and found.outcome != "before"}
    assert not lost, (
        "a change is unsent only if its process ended between marking and sending it, and its outcome says so"
    )
    assert [one.poll() for one in running] == [None, None]
    await processes.stop()


def _has_more(processes: Processes, before: int) -> bool:
    return len(processes.done) > before


async def _all_ended(store: SqlStore, wanted: list[str]) -> None:
    for one in wanted:
        while (found := await store.requests.get(one)) is None or found.state is not State.SUCCEEDED:
            await asyncio.sleep(0.2)
