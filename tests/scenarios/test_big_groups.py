"""A rotation in a group of thousands of databases doesn't block the event loop for long."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import apsw
import pytest

from bot.core.requests.request import State
from bot.sandbox.platform.catalog import groups
from tests.scenarios.requesting import reaches, stored
from tests.soak import LIMIT_SECONDS, soaked
from tests.world import BEN, DANA, World

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(LIMIT_SECONDS)]
SIZE = soaked(10_000, 2_000)
LONGEST_SECONDS = 1.0
GROUP = "big"


def _fill(connection: apsw.Connection) -> None:
    """Create a group of `SIZE` databases in one transaction."""
    groups.create(connection, "acme", GROUP, "local")
    connection.executemany(
        "INSERT INTO databases(id, organization, name, group_name, key_id, key_secret, size_limit, created_at)"
        " VALUES (?, 'acme', ?, ?, ?, ?, 0, 0)",
        [(f"00000000-0000-4000-8000-{at:012}", f"big-{at:05}", GROUP, f"k-{at}", b"0" * 32) for at in range(SIZE)],
    )


@asynccontextmanager
async def blocking_times() -> AsyncIterator[list[float]]:
    """Yield a growing list of the CPU seconds that the event loop's thread used between two runs of a task.

    The task is ready to run again after 5 ms, so no single step took longer than the longest of these times. Wall time
    would include the thread's waits for a processor on a busy machine.
    """
    holds: list[float] = []

    async def measure() -> None:
        before = time.thread_time()
        while True:
            now = time.thread_time()
            holds.append(now - before)
            before = now
            await asyncio.sleep(0.005)

    task = asyncio.create_task(measure())
    try:
        yield holds
    finally:
        task.cancel()


async def test_a_rotation_in_a_big_group_does_not_block_the_event_loop(world: World) -> None:
    await world.turso.change(_fill)
    first = "big-00000"

    async with blocking_times() as holds:
        card = await world.person(DANA).types(f"/turso rotate {first} --reason leak", holding=first)
        await world.person(BEN).presses("Approve", card)
        await world.person(BEN).submits({"typed_name": first})
        await reaches(world, card, State.SUCCEEDED)
        await world.wait_until_idle()

    request = await stored(world, card)
    assert len(request.plan.databases) == SIZE
    assert max(holds) < LONGEST_SECONDS
