"""Two `serve` processes and a `worker` on PostgreSQL under a light load, while PostgreSQL and the processes restart.

`make soak` runs it for half an hour and prints the figures. `REHEARSAL_MINUTES` sets another length.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from bot.core.requests.request import State
from bot.sandbox.running import bound, served
from tests.durable.fleet import Balancer, Fleet
from tests.durable.load import NOT_RECORDED, REFUSED, SETTLED, Account, Load, account
from tests.durable.test_lost_lock import EVERYTHING, terminate
from tests.http import local_client
from tests.own_postgres import Server, own_server
from tests.process import Process, local_servers
from tests.soak import LIMIT_SECONDS, SOAK, soaked

pytestmark = pytest.mark.timeout(LIMIT_SECONDS)
MINUTES = float(os.environ.get("REHEARSAL_MINUTES", soaked(30, 0)))
OUTAGE_SECONDS, HANG_SECONDS = soaked((20.0, 30.0), (1.0, 2.0))
EVERY_SECONDS = soaked(60.0, 2.0)
"""The interval, in seconds, at which the test ends all database connections and then causes one other event."""
TYPED_EVERY = soaked(3.0, 0.7)
ACKNOWLEDGED_WITHIN = timedelta(seconds=soaked(3, 20))
"""Slack's limit is 3 seconds. In `make test`, other tests run at the same time, so more is allowed."""
SETTLED_WITHIN = soaked(300.0, 200.0)
"""Seconds. A running process may need about two minutes to resume an intent that a killed process left behind."""


@dataclass
class Rehearsal:
    """The server, the processes and the load that the test controls."""

    server: Server
    fleet: Fleet
    load: Load

    async def restart_postgresql(self) -> None:
        self.server.stop()
        await _until(self.server.has_stopped)
        await asyncio.sleep(OUTAGE_SECONDS)
        await asyncio.to_thread(self.server.start)

    async def hang_postgresql(self) -> None:
        self.server.pause()
        await asyncio.sleep(HANG_SECONDS)
        self.server.resume()

    async def kill_a_serve(self) -> None:
        await self.fleet.kill("serve")

    async def kill_the_other_serve(self) -> None:
        await self.fleet.kill("serve without durable work")

    async def kill_the_worker(self) -> None:
        await self.fleet.kill("worker")

    async def upgrade(self) -> None:
        await self.fleet.upgrade()

    def events(self) -> list[Callable[[], Awaitable[None]]]:
        return [
            self.restart_postgresql, self.kill_a_serve, self.hang_postgresql, self.upgrade,
            self.kill_the_worker, self.kill_the_other_serve,
        ]  # fmt: skip


async def test_outages_kills_and_upgrades_under_load_lose_nothing_and_repeat_nothing(tmp_path: Path) -> None:
    began, happened, ended_connections = time.monotonic(), 0, 0
    async with rehearsal(tmp_path) as here:
        here.load.world.workspace.limits.ack = ACKNOWLEDGED_WITHIN
        loading = asyncio.create_task(here.load.run())
        events = here.events()
        while time.monotonic() < began + MINUTES * 60 or happened < len(events):
            started = time.monotonic()
            ended_connections += await asyncio.to_thread(terminate, here.server.url, EVERYTHING)
            await asyncio.sleep(EVERY_SECONDS / 4)
            await events[happened % len(events)]()
            happened += 1
            assert here.fleet.ended() == [], "no process ends by itself"
            assert not loading.done(), loading
            await asyncio.sleep(started + EVERY_SECONDS - time.monotonic())
        here.load.stop()
        await loading
        found = await settled(here)
        fleet = here.fleet
        print(f"{time.monotonic() - began:.0f} s, {happened} events, {ended_connections} connections ended")
        print(f"{fleet.killed} kills, {fleet.started} starts, {fleet.balancer.repeated} requests sent again")
        print(f"largest process: {fleet.largest_bytes() / 1024**2:.0f} MiB")
        print("\n".join(found.lines()))
        assert fleet.ended() == []
        await fleet.stop()
    assert found.unacknowledged == []
    assert (found.lost, found.untrue, found.doubled, found.open) == ([], [], [], 0)
    assert set(fleet.statuses) == {0}
    tracebacks = [line for line in fleet.first.log.read_text().splitlines() if "Traceback" in line]
    assert tracebacks == [], "an outage is logged as a sentence"
    assert sum(found.ended.values()) == found.changes, "each requested change has one outcome"
    assert set(found.ended) <= {*SETTLED, NOT_RECORDED, REFUSED}, "every outcome is expected"
    assert found.ended.get(State.SUCCEEDED, 0) > found.changes / soaked(2, 10)
    assert not SOAK or found.acks[-1] < ACKNOWLEDGED_WITHIN.total_seconds() * 1000


@asynccontextmanager
async def rehearsal(data: Path) -> AsyncIterator[Rehearsal]:
    """Start PostgreSQL, the local Slack and Turso, the processes and their load balancer."""
    async with AsyncExitStack() as stack:
        server = stack.enter_context(own_server())
        world, keys = await stack.enter_async_context(local_servers(data))
        balancer, entrance = Balancer(), stack.enter_context(bound(0))
        stack.push_async_callback(balancer.close)
        await stack.enter_async_context(served(balancer, entrance))
        fleet = Fleet(Process(world, keys, database_url=server.url, extra={"LOG_LEVEL": "INFO"}), balancer)
        await fleet.start()
        world.workspace.events_url = f"http://127.0.0.1:{entrance.getsockname()[1]}/slack/events"
        yield Rehearsal(server, fleet, Load(world, TYPED_EVERY))


async def settled(here: Rehearsal) -> Account:
    """Approve the requests that still wait, until nothing is open or lost, and return the result.

    After `SETTLED_WITHIN`, return it even if something is still open or lost.
    """
    end = time.monotonic() + SETTLED_WITHIN
    while True:
        await here.load.approve_what_waits()
        found = account(here.load, here.server.url, await _databases(here))
        if not (found.lost or found.open) or time.monotonic() > end:
            return found
        await asyncio.sleep(2)


async def _databases(here: Rehearsal) -> set[str]:
    world = here.load.world
    assert world.keys is not None
    headers = {"Authorization": f"Bearer {world.keys.turso_token}"}
    async with local_client(base_url=world.url, headers=headers) as http:
        answer = await http.get("/v1/organizations/acme/databases")
    return {one["Name"] for one in answer.json()["databases"]}


async def _until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end, "PostgreSQL doesn't stop"
        await asyncio.sleep(0.1)
