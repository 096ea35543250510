"""The bot looks up an alert's database by its ID and with its group: for the buttons, the top query, and a press."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from bot.core.alerts import AlertEnd, AlertKind
from tests.policies import WITH_NAMED_DBA
from tests.scenarios.alerting import ended, keep_usage_unknown, made, raise_one, raised, shown, turn_on
from tests.world import ANA, BEN, ORDERS, World, buttons, set_policy, words

pytestmark = pytest.mark.asyncio(loop_scope="module")
OWN_POLICY = (
    WITH_NAMED_DBA
    + """\
channels:
  C0DBOPS:
    databases: ["*"]
    rules:
      - {allow: [read, alert], to: dba}
      - {allow: freeze, to: dba, confirm: none, databases: ["group:europe"]}
  C0ORDERS:
    databases: ["group:europe"]
    rules:
      - {allow: [read, alert, freeze], confirm: none}
"""
)
FREEZE, QUERIES = "Freeze writes 30 min", "/usage/queries"


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def alerts_on(world: World) -> AsyncIterator[None]:
    """Turn on alerts in both channels. After each test, restore the policy, and end faults and alerts.

    Meanwhile, usage can't be read, so that only the test raises alerts about it.
    """
    keep_usage_unknown(world)
    await turn_on(world, ANA, "/turso alert on")
    await turn_on(world, ANA, "/turso alert on", ORDERS)
    yield
    set_policy(world, OWN_POLICY)
    world.turso.faults.clear()
    assert world.bot is not None
    for one in await world.bot.store.alerts.open():
        await ended(world, one, AlertEnd.OFF)


async def test_a_channel_of_a_group_gets_the_buttons_and_the_query_of_its_database(world: World) -> None:
    await world.run_sql("search-eu", "CREATE TABLE spiky (n)", "INSERT INTO spiky VALUES (1), (2), (3)")
    await raised(world, AlertKind.SPIKE, "search-eu", channel=ORDERS)

    card = await shown(world, "`search-eu`: 120,000", ORDERS)

    assert {"Triage", FREEZE} <= buttons(card).keys()
    assert "Top query: `INSERT" in words(card)


@pytest.mark.parametrize(("name", "is_offered"), [("users-eu", True), ("users", False)])
async def test_a_button_is_offered_only_for_databases_of_the_group_that_the_rule_allows(
    world: World, name: str, is_offered: bool
) -> None:
    await raised(world, AlertKind.SPIKE, name)

    card = await shown(world, f"`{name}`: 120,000")

    assert "Triage" in buttons(card)
    assert (FREEZE in buttons(card)) is is_offered


async def test_a_quota_alert_offers_the_buttons_for_the_largest_database_of_the_group(world: World) -> None:
    await raised(world, AlertKind.QUOTA, "orders-eu", "search-eu", channel=ORDERS)

    card = await shown(world, "has used at least 80%", ORDERS)

    assert {"Triage orders-eu", "Freeze orders-eu 30 min"} <= buttons(card).keys()


async def test_the_top_query_of_another_database_with_the_same_name_is_not_read(world: World) -> None:
    await world.create_databases("twin")
    alert = await made(world, AlertKind.SPIKE, "twin")
    await destroy(world, "twin")
    await world.create_databases("twin")
    asked = len(world.changes("GET", QUERIES))

    await raise_one(world, alert)

    card = await shown(world, "`twin`: 120,000")
    assert "It no longer exists." in words(card)
    assert not {"Triage", FREEZE} & buttons(card).keys()
    assert len(world.changes("GET", QUERIES)) == asked


async def test_a_press_does_not_show_another_database_with_the_same_name(world: World) -> None:
    await world.create_databases("twin-eu", group="europe")
    await raised(world, AlertKind.SPIKE, "twin-eu", channel=ORDERS)
    card = await shown(world, "`twin-eu`: 120,000", ORDERS)
    await destroy(world, "twin-eu")
    await world.create_databases("twin-eu", group="europe")

    heard = await world.person(BEN).presses_and_reads("Triage", card)
    await world.wait_until_idle()

    assert "now belongs to a different database" in words(heard)
    assert not world.card(ORDERS, holding=":ambulance:")


async def test_if_turso_does_not_list_databases_the_name_decides_about_the_buttons(world: World) -> None:
    alert = await made(world, AlertKind.SPIKE, "inventory")
    world.turso.faults.add("status", method="GET", path="*/databases", status=503, count=None)

    await raise_one(world, alert)

    card = await shown(world, "`inventory`: 120,000")
    assert "Triage" in buttons(card), "the channel may see any database"
    assert FREEZE not in buttons(card), "the rule needs the group, which isn't known"


async def destroy(world: World, name: str) -> None:
    assert (await world.call_turso("DELETE", f"/databases/{name}")).status_code == 200
