"""A rolling upgrade in bad weather: PostgreSQL restarts, its connections end, processes are killed and replaced.

The old and the new processes run the same code. What differs between two versions is only what `VERSION` in
`bot/durable/engine.py` forbids: that they see each other's work as that of another version.
"""

import asyncio
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path

import pytest

from bot.core.requests.request import State
from bot.durable.queue import Queue
from bot.store.connections.urls import place_of
from bot.store.store import SqlStore, open_store
from tests.durable.conftest import Processes, approved, until
from tests.durable.test_lost_lock import EVERYTHING, terminate
from tests.durable.toy import RealClock
from tests.postgres import SETTINGS, pgserver
from tests.soak import LIMIT_SECONDS, soaked
from tests.stores import upgraded

pytestmark = pytest.mark.timeout(LIMIT_SECONDS)
REQUESTS = soaked(40, 6)
"""In each round."""


class Server:
    """A PostgreSQL of one test, which it may stop."""

    def __init__(self, folder: Path) -> None:
        self._data = folder / "data"
        self._server = pgserver.get_server(self._data, cleanup_mode="stop", start=False)
        self._server.ensure_pgdata_inited()
        with (self._data / "postgresql.conf").open("a") as configuration:
            configuration.write(SETTINGS)
        self._server.start()
        self.url = str(self._server.get_uri())

    def stop(self) -> None:
        """End every connection and the server, as a restart by the system does."""
        os.kill(self._pid, signal.SIGINT)

    def has_stopped(self) -> bool:
        return not (self._data / "postmaster.pid").exists()

    def start(self) -> None:
        self._server.start()

    def pause(self) -> None:
        """Stop answering, without ending a connection."""
        os.kill(self._pid, signal.SIGSTOP)

    def go_on(self) -> None:
        os.kill(self._pid, signal.SIGCONT)

    def close(self) -> None:
        self._server.cleanup()

    @property
    def _pid(self) -> int:
        return int((self._data / "postmaster.pid").read_text().splitlines()[0])


@pytest.fixture
def server() -> Iterator[Server]:
    folder = Path(tempfile.mkdtemp(prefix="turso-ops-pg-own-"))  # not in pytest's own: the server is another user
    folder.chmod(0o755)
    found = Server(folder)
    upgraded(found.url)
    yield found
    found.close()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def database_url(server: Server) -> str:
    return server.url


@pytest.fixture
async def store(server: Server) -> AsyncIterator[SqlStore]:
    queue = Queue(place_of(server.url).for_dbos)
    async with open_store(server.url, RealClock(), enqueuer=queue) as store:
        yield store
    await queue.close()


async def test_restarts_cuts_kills_and_a_rolling_upgrade_lose_nothing_and_repeat_nothing(
    server: Server, store: SqlStore, processes: Processes
) -> None:
    wanted: list[str] = []
    running = [await processes.start(), await processes.start()]

    async def asked() -> None:
        """Approve requests, and wait until some of them have begun."""
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
    assert not lost, "what was not sent was marked as sent, by a process that ended between the two"
    assert [one.poll() for one in running] == [None, None]
    await processes.stop()


def _has_more(processes: Processes, before: int) -> bool:
    return len(processes.done) > before


async def _all_ended(store: SqlStore, wanted: list[str]) -> None:
    for one in wanted:
        while (found := await store.requests.get(one)) is None or found.state is not State.SUCCEEDED:
            await asyncio.sleep(0.2)
