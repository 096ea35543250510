"""While the store hangs, an intent is stored in time, or never. If the outcome is unknown, the caller waits."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from bot.errors import NotRecorded
from bot.store.connections.database import StoreUnavailable
from bot.store.repositories import group_commit
from bot.store.store import SqlStore, open_store
from tests.stopping import HangingServer, hanging_server, locked
from tests.store.conftest import NOON, StoppedClock
from tests.store.cutting import cut
from tests.store.samples import entry, incoming
from tests.stores import copy_store

LATER = NOON + timedelta(days=1)
SOON = 0.3
"""How many seconds the callers in these tests wait for an intent, unless they wait longer on purpose."""


@pytest.fixture(scope="module")
def server() -> Iterator[HangingServer]:
    with hanging_server() as found:
        yield found


Hang = Callable[[], AbstractContextManager[None]]


class Hanging:
    """A store, and a function that makes it hang."""

    def __init__(self, store: SqlStore, hang: Hang) -> None:
        self.store = store
        self.hang = hang


@pytest.fixture(params=["sqlite", "postgresql"])
async def hanging(request: pytest.FixtureRequest, tmp_path: Path, clock: StoppedClock) -> AsyncIterator[Hanging]:
    hang: Hang
    if request.param == "sqlite":
        path = tmp_path / "turso-ops.db"
        url, hang = copy_store(path), lambda: locked(path)
    else:
        server: HangingServer = request.getfixturevalue("server")
        url, hang = server.new_store(), server.stopped
    async with open_store(url, clock, timeout=2) as store:
        yield Hanging(store, hang)


async def ids(store: SqlStore) -> list[str]:
    """Return the IDs of the open intents."""
    return [one.id for one in await store.intents.find_open(before=LATER)]


async def test_an_intent_that_was_refused_is_never_stored(hanging: Hanging) -> None:
    store = hanging.store
    with hanging.hang():
        began = time.monotonic()
        refused = await asyncio.gather(
            *(store.intents.record(incoming(number), within=SOON) for number in range(3)), return_exceptions=True
        )
        assert time.monotonic() - began < 2
        assert [type(one) for one in refused] == [NotRecorded] * 3

    assert await store.intents.record(incoming(5))
    await store.settle()
    assert await ids(store) == [incoming(5).id]


async def test_an_intent_whose_caller_waits_long_enough_is_stored_when_the_store_continues(hanging: Hanging) -> None:
    store = hanging.store
    with hanging.hang():
        refused = asyncio.ensure_future(store.intents.record(incoming(1), within=SOON))
        kept = asyncio.ensure_future(store.intents.record(incoming(2), within=60))
        audited = asyncio.ensure_future(store.audit.append(entry()))
        with pytest.raises(NotRecorded):
            await refused

    assert await kept
    await audited
    assert await ids(store) == [incoming(2).id]


async def test_the_caller_waits_for_a_commit_that_was_sent(hanging: Hanging, monkeypatch: pytest.MonkeyPatch) -> None:
    """The commit may succeed, so the caller must not be told that the intent isn't stored."""
    store, sent = hanging.store, asyncio.Event()
    real, loop = group_commit.GroupCommit._send, asyncio.get_running_loop()

    def send(self: group_commit.GroupCommit, group: list[object]) -> None:
        real(self, group)  # type: ignore[arg-type]
        loop.call_soon_threadsafe(sent.set)
        time.sleep(SOON * 3)  # the commit takes longer than the caller wants to wait

    monkeypatch.setattr(group_commit.GroupCommit, "_send", send)
    recording = asyncio.ensure_future(store.intents.record(incoming(1), within=SOON))
    await sent.wait()

    assert await recording
    assert await ids(store) == [incoming(1).id]


async def test_a_read_from_a_store_that_hangs_ends_with_an_error(server: HangingServer, clock: StoppedClock) -> None:
    """Only PostgreSQL is tested, because a locked SQLite file can still be read."""
    async with open_store(server.new_store(), clock, timeout=2) as store:
        with server.stopped():
            began = time.monotonic()
            with pytest.raises(StoreUnavailable, match="Try again") as refused:
                await store.intents.get("i-1")
            assert time.monotonic() - began < 6
            assert "isn't responding" in refused.value.detail


async def test_the_caller_waits_for_an_intent_whose_commit_is_uncertain(
    server: HangingServer, clock: StoppedClock
) -> None:
    """PostgreSQL ends each connection right before the commit. The caller must not be told that nothing is stored."""
    async with open_store(server.new_store(), clock, timeout=2) as store:
        assert await store.intents.record(incoming(1))
        with cut(store, set(range(1, 11)), "before the commit") as seen:
            assert await store.intents.record(incoming(2), within=SOON)
        assert seen[0] > 8, "the first two tries failed, each with four connections"
        assert await ids(store) == [incoming(1).id, incoming(2).id]


async def test_an_uncertain_intent_does_not_delay_the_shutdown(server: HangingServer, clock: StoppedClock) -> None:
    """Its caller gets the error that the store is unavailable, after which the intent may be stored."""
    async with open_store(server.new_store(), clock, timeout=2) as store:
        with cut(store, set(range(1, 1000)), "before the commit") as seen:
            recording = asyncio.ensure_future(store.intents.record(incoming(1), within=SOON))
            while not seen[0]:
                await asyncio.sleep(0.01)
            async with asyncio.timeout(10):
                await store.close()
            with pytest.raises(StoreUnavailable):
                await recording


async def test_the_server_ends_a_statement_that_waits_for_a_lock(server: HangingServer, clock: StoppedClock) -> None:
    url = server.new_store()
    async with open_store(url, clock, timeout=2) as store:
        with psycopg.connect(url) as other:
            other.execute("LOCK TABLE intents")
            with pytest.raises(StoreUnavailable):
                await store.intents.close("i-1")
        await store.intents.close("i-1")
