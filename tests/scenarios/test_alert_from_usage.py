"""Rows written to a database lead to an alert card in the channel, on the local Turso and the local Slack."""

import pytest

from bot.core.alerts import AlertKind, Measure
from bot.sandbox.platform.catalog import organizations
from bot.sandbox.platform.seed.spike import Spike, make_spike
from tests.scenarios.alerting import cards, shown
from tests.world import ANA, World, until, words

pytestmark = pytest.mark.asyncio(loop_scope="module")
SAYS = "% of its quota for rows written"


async def subscribed(world: World, plan: str) -> None:
    """Let the organization subscribe to another Turso plan."""
    await world.turso.change(organizations.subscribe, "acme", plan=plan, quotas=None)


async def test_a_quota_that_is_nearly_used_up_is_reported_until_the_plan_includes_more(world: World) -> None:
    assert world.bot is not None
    await subscribed(world, "starter")
    await make_spike(world.turso, "acme", "orders", Spike(rows_written=8_500_000))

    await world.person(ANA).types("/turso alert on --quota 50,80", holding="Alerts are on")
    card = await shown(world, SAYS)
    assert "`orders`" in words(card)

    for _ in range(3):
        await world.pass_time(hours=1)
        await world.wait_until_idle()
    assert len(cards(world, SAYS)) == 1
    readings = await world.bot.store.samples.readings(
        organization="acme", since=world.bot.env.clock.now().replace(day=1)
    )
    assert len({one.at for one in readings}) == len(readings) >= 3
    told = [one for one in await world.bot.store.alerts.open(organization="acme") if one.kind is AlertKind.QUOTA]
    assert [one.threshold for one in told if one.measure is Measure.ROWS_WRITTEN] == ["80"]

    await subscribed(world, "scaler")
    await world.pass_time(hours=1)
    await until(lambda: "Ended" in words(world.current(card)), what="the end of the alert")
    assert len(cards(world, SAYS)) == 1
