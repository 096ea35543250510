"""Fixtures: real processes with simple durable work, which tests kill during this work, and stores of both kinds."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.core.records.timers import Timer
from bot.core.requests.incoming import Incoming
from bot.core.requests.request import Request, State
from bot.durable.queue import Queue
from bot.store.connections.urls import place_of
from bot.store.store import SqlStore, open_store
from tests.durable import toy
from tests.durable.toy import RealClock
from tests.forked import Child, shared_fork_server
from tests.postgres import database_url, postgres_server, postgresql_url, upgraded_postgresql_url
from tests.soak import CHOICE, SOAK
from tests.store.samples import incoming, move, request

__all__ = ["database_url", "postgres_server", "postgresql_url", "upgraded_postgresql_url"]

PATIENCE = 90.0
"""How many seconds the helpers wait."""


@pytest.hookimpl(tryfirst=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run the tests of a file with processes in turn on SQLite and on PostgreSQL. The soak runs each test on both.

    Tests that choose their kind of store themselves are left as they are.
    """
    marks = metafunc.definition.iter_markers("parametrize")
    is_given = any("database_url" in mark.args[0] for mark in marks)
    if {"database_url", "processes"} <= set(metafunc.fixturenames) and not is_given and not SOAK:
        names = [name for name in vars(metafunc.module) if name.startswith("test_")]
        kind = ("sqlite", "postgresql")[(names.index(metafunc.function.__name__) + CHOICE) % 2]
        metafunc.definition.add_marker(pytest.mark.parametrize("database_url", [kind], indirect=True))


class Processes:
    """Starts and kills processes of `tests.durable.toy`, and controls them through files in their folder."""

    def __init__(self, database_url: str, folder: Path) -> None:
        self.database_url = database_url
        self.folder = folder
        self.running: list[Child] = []

    async def start(self) -> Child:
        """Start a process, and wait until it is ready."""
        process = self.spawn()
        await until(lambda: (self.folder / f"up-{process.pid}").exists() or process.poll() is not None)
        assert process.poll() is None, self.log
        return process

    def spawn(self) -> Child:
        process = shared_fork_server().fork(
            self.database_url, str(self.folder),
            module=toy.__name__, environment=os.environ, cwd=self.folder, out=self.folder / "log",
        )  # fmt: skip
        self.running.append(process)
        return process

    def kill(self, process: Child) -> None:
        """End a process with SIGKILL."""
        process.kill()
        process.wait()
        self.running.remove(process)

    async def stop(self) -> None:
        """End every process with SIGTERM, as a deployment does."""
        for process in self.running:
            process.terminate()
        for process in self.running:
            assert await asyncio.to_thread(process.wait, 30) == 0
        self.running.clear()

    def stop_at(self, place: str) -> None:
        """Make each process wait when it reaches a place, such as `act:before`."""
        (self.folder / "stopped").unlink(missing_ok=True)
        (self.folder / "stop-at").write_text(place)

    def go_on(self) -> None:
        """Make no more processes wait. Those that wait already don't continue."""
        (self.folder / "stop-at").unlink()

    async def stopped(self) -> None:
        """Wait until a process waits at the place given to `stop_at`."""
        await until((self.folder / "stopped").exists)

    @property
    def log(self) -> str:
        """Return the log of all processes."""
        return (self.folder / "log").read_text()

    @property
    def done(self) -> list[str]:
        """Return what all processes have done, one line for each effect, such as `SENT r-0000000001`."""
        file = self.folder / "done"
        return file.read_text().splitlines() if file.exists() else []


async def until(true: Callable[[], bool], patience: float = PATIENCE) -> None:
    end = time.monotonic() + patience
    while not true():
        assert time.monotonic() < end, f"waited {patience:.0f} s for something that didn't happen"
        await asyncio.sleep(0.05)


async def wait_until_replaced(store: SqlStore, timer: Timer) -> None:
    """Wait until a timer that has fired is deleted or moved."""
    end = time.monotonic() + PATIENCE
    while await store.timers.is_due(timer.kind, timer.subject, timer.due_at):
        assert time.monotonic() < end, "the timer was neither deleted nor moved"
        await asyncio.sleep(0.05)


async def wait_until_closed(store: SqlStore, intent_id: str) -> None:
    """Wait until an intent is closed."""
    end = time.monotonic() + PATIENCE
    while intent_id in [one.id for one in await store.intents.find_open(before=datetime.now(UTC) + timedelta(days=1))]:
        assert time.monotonic() < end, f"{intent_id} is still open"
        await asyncio.sleep(0.05)


@pytest.fixture
def processes(database_url: str, tmp_path: Path) -> Iterator[Processes]:
    folder = tmp_path / "toy"
    folder.mkdir()
    processes = Processes(database_url, folder)
    yield processes
    for process in processes.running:
        process.kill()
        process.wait()
    if (folder / "log").exists():
        print(processes.log)  # pytest shows the log if the test fails


@pytest.fixture
async def queue(database_url: str) -> AsyncIterator[Queue]:
    queue = Queue(place_of(database_url).for_dbos)
    yield queue
    await queue.close()


@pytest.fixture
async def store(database_url: str, queue: Queue) -> AsyncIterator[SqlStore]:
    async with open_store(database_url, RealClock(), enqueuer=queue) as store:
        yield store


async def approved(store: SqlStore, number: int = 1) -> Request:
    """Create and approve a request. Its execution is enqueued in the same transaction as its approval."""
    await store.requests.open(request(number), move(State.PENDING))
    moved = await store.requests.move(
        f"r-{number:010}", expect=[State.PENDING], move=move(State.APPROVED, enqueue="execute")
    )
    assert moved is not None
    return moved


async def wait_until_ended(store: SqlStore, request_id: str) -> Request:
    """Wait until a request has succeeded, and return it."""
    end = time.monotonic() + PATIENCE
    while (found := await store.requests.get(request_id)) is None or found.state is not State.SUCCEEDED:
        assert time.monotonic() < end, f"{request_id} is still {found and found.state}"
        await asyncio.sleep(0.1)
    return found


def incoming_now(number: int) -> Incoming:
    """Return a command that comes in now."""
    return replace(incoming(number), at=datetime.now(UTC))
