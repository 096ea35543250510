"""A plan is about one database, not its name: a database that was recreated under the name is never touched."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from bot.core.requests.request import State
from tests.crash.lane import Lane, lane
from tests.crash.scenarios import (
    CONFIGURATION,
    DATABASE,
    DATABASES,
    ROTATE,
    TOKENS,
    approve,
    approve_by_name,
    ask,
    asked,
    in_state,
    quarantined,
    ready,
    reveal,
)
from tests.forked import Nursery
from tests.world import DANA, DB_OPS, words


@dataclass(frozen=True)
class Wish:
    """A change that is approved for one database."""

    name: str
    prepare: Callable[[Lane, str], Awaitable[None]]
    act: Callable[[Lane, str], Awaitable[object]]
    call: tuple[str, str]


async def the_countdown_ends(here: Lane, name: str) -> None:
    here.clock.pass_time(timedelta(days=31))


WISHES = [
    Wish("destroy-at-once", asked("db destroy {} --now"), approve_by_name, ("DELETE", DATABASE)),
    Wish("quarantine", asked("db destroy {}"), approve, ("PATCH", CONFIGURATION)),
    Wish("rotate", asked("rotate {}"), approve, ("POST", ROTATE)),
    Wish("reveal", ready, reveal, ("POST", TOKENS)),
    Wish("end-of-countdown", quarantined, the_countdown_ends, ("DELETE", DATABASE)),
]


@pytest.fixture
async def here(nursery: Nursery) -> AsyncIterator[Lane]:
    async with lane(nursery, "") as found:
        yield found


async def test_a_database_recreated_before_the_execution_is_not_touched(here: Lane) -> None:
    for wish in WISHES:
        await wish.prepare(here, wish.name)
        other = await _recreate(here, wish.name)

        await wish.act(here, wish.name)

        await _is_untouched(here, wish, other)


async def test_a_database_recreated_while_the_process_was_down_is_not_touched(here: Lane) -> None:
    """The process is killed after it has checked for plan drift and before it sends the change."""
    for wish in WISHES[:3]:
        await wish.prepare(here, wish.name)
        here.gate.arm(lambda _, what: what.startswith("before commit of sent"))
        acting = asyncio.ensure_future(wish.act(here, wish.name))
        await asyncio.wait_for(here.gate.held.wait(), 30)
        await here.bot.kill()
        here.gate.drop()
        await acting
        other = await _recreate(here, wish.name)

        await here.bot.start()

        await _is_untouched(here, wish, other)


@pytest.mark.parametrize("minutes", [0, 10], ids=["in the same minutes", "long after"])
async def test_a_database_that_someone_else_created_while_the_process_was_down_is_not_reported_as_ours(
    here: Lane, minutes: int
) -> None:
    """The process is killed after it has marked a create as sent and before it sends it."""
    here.gate.arm(lambda _, what: what.startswith("after commit of sent"))
    asking = asyncio.create_task(ask(here, "db create wanted"))
    await asyncio.wait_for(here.gate.held.wait(), 30)
    await here.bot.kill()
    here.gate.drop()
    await asking
    with closing(sqlite3.connect(here.world.data / "turso-ops.db")) as store, store:
        earlier = (datetime.now(UTC) - timedelta(minutes=minutes)).isoformat(" ")
        store.execute("UPDATE requests SET sent_at = ? WHERE command = 'create'", [earlier])
    await here.has_database("wanted")

    await here.bot.start()

    request = await in_state(here, "wanted", State.FAILED if minutes else State.SUCCEEDED)
    assert here.sent("POST", DATABASES) == 1, "only the test's own call"
    assert ("Someone else created it" in request.outcome) is bool(minutes)


async def _recreate(here: Lane, name: str) -> str:
    await here.loses_database(name)
    return await here.has_database(name)


async def _is_untouched(here: Lane, wish: Wish, other: str) -> None:
    request = await in_state(here, wish.name, State.STALE)
    method, path = wish.call
    # The test itself destroyed the first one.
    assert here.sent(method, path.format(wish.name)) == (1 if method == "DELETE" else 0)
    assert await here.database_id(wish.name) == other
    assert await here.blocked(wish.name) == (False, False)
    seen = [words(one) for one in here.world.workspace.history(DB_OPS, DANA)]
    assert any("different database now" in one and request.id in one for one in seen)
    assert not [hold for hold in await here.store.holds.find() if hold.database == wish.name]
