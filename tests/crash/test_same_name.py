"""A plan is about one database, not about a name: a new database with the same name is never touched."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from bot.core.requests.request import State
from tests.crash.harness import Harness, harness
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
from tests.forked import ForkServer
from tests.world import DANA, DB_OPS, words


@dataclass(frozen=True)
class ApprovedChange:
    """A change that is approved for one database."""

    name: str
    """The name of the change, and of its database."""
    prepare: Callable[[Harness, str], Awaitable[None]]
    act: Callable[[Harness, str], Awaitable[object]]
    call: tuple[str, str]
    """The method and the path of the call that would make the change."""


async def end_countdown(here: Harness, name: str) -> None:
    here.clock.pass_time(timedelta(days=31))


APPROVED_CHANGES = [
    ApprovedChange("destroy-at-once", asked("db destroy {} --now"), approve_by_name, ("DELETE", DATABASE)),
    ApprovedChange("quarantine", asked("db destroy {}"), approve, ("PATCH", CONFIGURATION)),
    ApprovedChange("rotate", asked("rotate {}"), approve, ("POST", ROTATE)),
    ApprovedChange("reveal", ready, reveal, ("POST", TOKENS)),
    ApprovedChange("end-of-countdown", quarantined, end_countdown, ("DELETE", DATABASE)),
]


@pytest.fixture
async def here(fork_server: ForkServer) -> AsyncIterator[Harness]:
    async with harness(fork_server, "") as found:
        yield found


async def test_a_database_recreated_before_the_execution_is_not_touched(here: Harness) -> None:
    for change in APPROVED_CHANGES:
        await change.prepare(here, change.name)
        other = await _recreate(here, change.name)

        await change.act(here, change.name)

        await _is_untouched(here, change, other)


async def test_a_database_recreated_while_the_process_was_down_is_not_touched(here: Harness) -> None:
    """The process is killed after it has checked for plan drift and before it sends the change."""
    for change in APPROVED_CHANGES[:3]:
        await change.prepare(here, change.name)
        here.gate.arm(lambda _, what: what.startswith("before commit of sent"))
        acting = asyncio.ensure_future(change.act(here, change.name))
        await asyncio.wait_for(here.gate.held.wait(), 30)
        await here.bot.kill()
        here.gate.drop()
        await acting
        other = await _recreate(here, change.name)

        await here.bot.start()

        await _is_untouched(here, change, other)


@pytest.mark.parametrize("minutes", [0, 10], ids=["soon after the request", "long after the request"])
async def test_a_create_claims_a_database_that_someone_else_created_only_if_it_is_about_as_new_as_the_request(
    here: Harness, minutes: int
) -> None:
    """The process is killed after it has marked the create as sent and before it sends it.

    Then someone else creates the database. If that was at about the same time, the bot can't tell it from its own.
    """
    here.gate.arm(lambda _, what: what.startswith("after commit of sent"))
    asking = asyncio.create_task(ask(here, "db create wanted"))
    await asyncio.wait_for(here.gate.held.wait(), 30)
    await here.bot.kill()
    here.gate.drop()
    await asking
    with closing(sqlite3.connect(here.world.data / "turso-ops.db")) as store, store:
        earlier = (datetime.now(UTC) - timedelta(minutes=minutes)).isoformat(" ")
        store.execute("UPDATE requests SET sent_at = ? WHERE command = 'create'", [earlier])
    await here.ensure_database("wanted")

    await here.bot.start()

    request = await in_state(here, "wanted", State.FAILED if minutes else State.SUCCEEDED)
    assert here.sent("POST", DATABASES) == 1, "only the test's own call"
    assert ("Someone else created it" in request.outcome) is bool(minutes)


async def _recreate(here: Harness, name: str) -> str:
    await here.destroy_database(name)
    return await here.ensure_database(name)


async def _is_untouched(here: Harness, change: ApprovedChange, other: str) -> None:
    request = await in_state(here, change.name, State.STALE)
    method, path = change.call
    # The test itself destroyed the database of the plan.
    assert here.sent(method, path.format(change.name)) == (1 if method == "DELETE" else 0)
    assert await here.database_id(change.name) == other
    assert await here.blocked(change.name) == (False, False)
    seen = [words(one) for one in here.world.workspace.history(DB_OPS, DANA)]
    assert any("belongs to a different database" in one and request.id in one for one in seen)
    assert not [hold for hold in await here.store.holds.find() if hold.database == change.name]
