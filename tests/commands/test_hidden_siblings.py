"""A branch of another channel's database is neither affected nor named by commands about other databases."""

import pytest

from bot.commands import CATALOGUE
from bot.core.model import Action, Target, Verdict
from bot.core.policy import decide, load
from bot.core.requests.decision import databases_of
from bot.core.requests.plan import Plan, PlanTarget
from tests.blocks.messages import words
from tests.commands.conftest import Desk
from tests.store.samples import entry

RULES = "[{allow: read}, {approve: token, by: dba}]"
OWN = "[{allow: [read, rotate, wake, overages]}]"


@pytest.fixture
def desk(desk: Desk) -> Desk:
    """Prepare a channel for `orders-*`. `orders-stolen` and its branch `orders-far` hold the data of `payroll`."""
    desk.policy = desk.policy.replace(RULES, OWN)
    desk.acme.groups["default"]["archived"] = True
    desk.acme.groups["other"] = {"name": "other"}
    payroll = desk.acme.add("payroll", group="other")
    stolen = desk.acme.add("orders-stolen", group="other", parent={"id": payroll["DbId"], "name": "payroll"})
    desk.acme.add("orders-eu", archived=True)
    desk.acme.add("orders-far", archived=True, parent={"id": stolen["DbId"], "name": "orders-stolen"})
    return desk


@pytest.mark.parametrize("line", ["rotate orders-eu", "wake orders-eu", "overages on"])
async def test_a_command_that_affects_other_databases_is_decided_with_all_their_sources(desk: Desk, line: str) -> None:
    plan = await desk.plan(line, channel="C0ORDERS")

    reached = databases_of(plan)
    assert [one.sources for one in reached if one.name == "orders-far"] == [("orders-stolen", "payroll")]
    rules = load(desk.policy, CATALOGUE, default_organization="acme")
    whole = Action(plan.command, databases=tuple(one for one in reached if one.name in ("orders-eu", "orders-far")))
    assert decide(rules, desk.context(channel="C0ORDERS").subject, whole).verdict is Verdict.DENY


async def test_the_last_changes_on_a_triage_card_do_not_name_hidden_databases(desk: Desk) -> None:
    await desk.store.audit.append(entry("executed", command="rotate", databases=("orders-stolen", "orders-eu")))

    shown = words(await desk.ask("triage orders-eu", channel="C0ORDERS"))
    assert "all tokens for 1 database" in shown
    assert "may also affect `orders-eu`" in shown
    assert "orders-stolen" not in shown
    assert "orders-stolen" in words(await desk.ask("triage orders-eu"))

    desk.acme.failing["/databases"] = 500
    shown = words(await desk.ask("triage orders-eu", channel="C0ORDERS"))
    assert "all tokens for 1 database" in shown
    assert "orders-stolen" not in shown


def test_a_plan_stores_the_sources_of_its_databases_and_omits_them_if_there_are_none() -> None:
    branch = Target("orders-far", "default", ("orders-stolen", "payroll"))
    plan = Plan(PlanTarget("orders-eu", "db-1", "default"), databases=(Target("orders-eu", "default"), branch))
    assert Plan.from_json(plan.to_json()) == plan
    assert (
        '"databases":[["orders-eu","default"],["orders-far","default",["orders-stolen","payroll"]]]' in plan.to_json()
    )
