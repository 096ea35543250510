"""The triage card of an incident while Turso answers only in part, and its comparison with stored samples."""

import time
from datetime import UTC, timedelta
from typing import Any

import pytest
import pytest_asyncio

from bot.core.records.usage import UsageSample
from bot.sandbox.workspace.model import Message
from tests.incidents import play
from tests.soak import pairs
from tests.world import BEN, INCIDENT, REMY, World, buttons, until, words

pytestmark = pytest.mark.asyncio(loop_scope="module")

CALLS = {
    "properties": "*/databases/orders",
    "configuration": "*/databases/orders/configuration",
    "usage": "*/databases/orders/usage",
    "top queries": "*/databases/orders/usage/queries",
    "group": "*/acme/databases",
}
SHOWN = {
    "its properties or the list": "*Group*",
    "usage": "Rows read today",
    "group": ", with ",
}
"""Texts on the card, by the call that they need. The group is always shown, because two calls return it.

The other calls aren't listed, because the card has no such text for them.
"""


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def started(world: World) -> None:
    """Start an incident unless one is running, and remove all faults of Turso."""
    assert world.bot is not None
    if await world.bot.store.incidents.running_in(INCIDENT) is None:
        await play.start(world.person(REMY), "INC-9")
    world.turso.faults.clear()


async def triage(world: World) -> Message:
    """Return the triage card, and assert that it doesn't wait for a slow call.

    It must be posted within three seconds, for which a busy machine may need five. A slow call takes 20.
    """
    began = time.monotonic()
    card = await world.person(REMY).types("/turso triage orders", INCIDENT)
    assert time.monotonic() - began < 5
    return card


FAULTS: dict[str, dict[str, Any]] = {
    "fails": {"kind": "status", "status": 500},
    "is slow": {"kind": "latency", "seconds": 20},
}


@pytest.mark.parametrize(("missing", "fault"), pairs(CALLS, FAULTS))
async def test_an_unanswered_call_is_named_and_the_rest_is_shown(world: World, missing: str, fault: str) -> None:
    world.turso.faults.add(**FAULTS[fault], method="GET", path=CALLS[missing], count=None)

    card = await triage(world)

    text = words(card)
    assert f"didn't report the {missing}." in text
    for name, sign in SHOWN.items():
        assert (sign in text) is (name != missing), name
    assert "Refresh" in buttons(card)


async def test_when_turso_does_not_respond_the_card_names_every_call(world: World) -> None:
    world.turso.faults.add("drop", method="GET", count=None)

    text = words(await triage(world))

    assert "state unknown" in text
    for name in CALLS:
        assert name in text


async def test_refresh_updates_the_card_to_the_current_state(world: World) -> None:
    card = await triage(world)
    ben = world.person(BEN)
    await ben.types("/turso freeze orders", INCIDENT)
    question = next(one for one in reversed(ben.sees(INCIDENT)) if "Freeze writes" in buttons(one))
    await ben.presses("Freeze writes", question)
    await until(lambda: world.card(INCIDENT, holding="Writes to *orders* are blocked"), what="the freeze")

    await ben.presses("Refresh", card)

    fresh = await world.wait_for_content(card, holding="writes blocked")
    assert "Thaw" in buttons(fresh)
    assert "Freeze writes 30 min" not in buttons(fresh)
    assert "As of" in words(fresh)
    assert "Recent changes" in words(fresh)
    assert f"<@{BEN}>" in words(fresh)


async def test_todays_usage_is_shown_next_to_the_usual_one_from_the_samples(world: World) -> None:
    assert world.bot is not None
    database = await world.bot.env.turso_clients.turso("acme").database("orders")
    today = world.clock.now().astimezone(UTC).date()
    days = [today - timedelta(days=at) for at in range(10, 0, -1)]
    # Turso's counters restart each month. Here, they grow by 1,000 reads each day.
    used = {day: 1000 * (1 + sum(1 for one in days if one.month == day.month and one <= day)) for day in days}
    await world.bot.store.samples.add(
        [UsageSample("acme", "orders", database.id, day.isoformat(), used[day], 10, 4096, 0) for day in days]
    )

    card = await triage(world)

    chart = next(block for block in card.blocks if block["type"] == "data_visualization")["chart"]
    series = {one["name"]: [point["value"] for point in one["data"]] for one in chart["series"]}
    assert chart["axis_config"]["categories"][-1] == "today"
    assert set(series["usual reads"]) == {1000}
    assert series["rows read"][-2] == 1000
    assert "× usual)" in words(card)
