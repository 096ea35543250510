"""`overages`: the plan shows known costs and all affected databases. The command must be allowed on all of them."""

from typing import Any

import httpx
import pytest

from bot.commands import CATALOGUE
from bot.core.model import Action, Verdict
from bot.core.policy import decide, load
from bot.core.requests.plan import Plan
from bot.errors import BadInput, Unavailable
from tests.blocks.messages import words
from tests.commands.conftest import POLICY, Desk

RULES = POLICY.replace("{approve: [rotate, destroy], by: dba", "{approve: [rotate, destroy, overages], by: dba")
APART = RULES.replace(
    "      - {allow: [read,", "      - {deny: overages, databases: ['prod-*']}\n      - {allow: [read,"
)


@pytest.fixture
def desk(desk: Desk) -> Desk:
    desk.policy = RULES
    for name in ("orders-eu", "users"):
        desk.acme.add(name)
    return desk


async def test_the_plan_shows_the_usage_of_each_quota_and_that_overages_cost_money(desk: Desk) -> None:
    plan = await desk.plan("overages on")

    assert plan.facts == {
        "Plan": "scaler",
        "Overages now": "off",
        "Databases": "2",
        "Rows read": "1,204 (60.2% of quota)",
        "Rows written": "37 (37.0% of quota)",
        "Storage": "40.0 KiB (quota unknown)",
    }
    assert any("cost money" in one for one in plan.warnings)
    assert {one.name for one in plan.databases} == {"orders-eu", "users"}


@pytest.mark.parametrize("failing", ["/subscription", "/plans", "/usage"])
async def test_numbers_that_turso_does_not_report_are_unknown(desk: Desk, failing: str) -> None:
    desk.acme.failing[f"/organizations/acme{failing}"] = 404

    facts = (await desk.plan("overages on")).facts

    assert "unknown" in facts["Rows read"]


async def test_turning_overages_on_or_off_changes_turso_and_says_how_to_undo_it(desk: Desk) -> None:
    on, after_on = words(await desk.carry_out("overages on")), desk.acme.overages
    off, after_off = words(await desk.carry_out("overages off")), desk.acme.overages

    assert (after_on, after_off) == (True, False)
    assert "Overages for *acme* are on" in on
    assert "/turso overages off" in on
    assert "Turso blocks every database" in off


async def test_setting_the_current_value_changes_nothing(desk: Desk) -> None:
    with pytest.raises(BadInput, match="already off"):
        await desk.plan("overages off")


async def test_a_plan_in_a_channel_with_some_databases_affects_all_and_lists_those_first(
    desk: Desk,
) -> None:
    """The policy refuses such a plan, and the refusal names at most its first database."""
    desk.acme.add("a-secret")

    plan = await desk.plan("overages off", channel="C0ORDERS")

    assert [one.name for one in plan.databases] == ["orders-eu", "users", "a-secret"]
    rules = RULES.replace("{approve: token, by: dba}", "{approve: [token, overages], by: dba}")
    policy = load(rules, CATALOGUE, default_organization="acme")
    action = Action("overages", databases=plan.databases)
    decision = decide(policy, desk.context(channel="C0ORDERS").subject, action)
    assert decision.verdict is Verdict.DENY
    assert "a-secret" not in decision.reason


async def test_a_channel_without_databases_is_refused(desk: Desk) -> None:
    del desk.acme.databases["orders-eu"]

    with pytest.raises(BadInput, match="no databases"):
        await desk.plan("overages on", channel="C0ORDERS")


async def test_nothing_is_planned_if_a_database_cannot_be_read(desk: Desk) -> None:
    desk.acme.databases["users"]["DbId"] = None

    with pytest.raises(Unavailable, match="entry that I can't interpret"):
        await desk.plan("overages on")


async def drift(desk: Desk, plan: Plan, **where: Any) -> str | None:
    command: Any = desk.parse("overages on").spec
    found: str | None = await command.drift(desk.context(**where), plan)
    return found


async def test_a_new_database_is_not_drift_if_the_policy_treats_all_alike(desk: Desk) -> None:
    plan = await desk.plan("overages on")
    desk.acme.add("prod-new")

    assert await drift(desk, plan) is None


async def test_a_new_database_is_drift_if_a_rule_names_some_databases(desk: Desk) -> None:
    desk.policy = APART
    plan = await desk.plan("overages on")
    assert await drift(desk, plan) is None

    desk.acme.add("prod-new")

    assert await drift(desk, plan) == "The organization has 1 database that isn't in the request."


async def test_overages_are_sent_once_and_read_back(desk: Desk) -> None:
    await desk.carry_out("overages on")

    sent = [one for one in desk.acme.requests if one.method == "PATCH"]
    assert [one.url.path for one in sent] == ["/v1/organizations/acme"]
    assert httpx.Response(200, content=sent[0].content).json() == {"overages": True}
    assert desk.acme.requests[-1].method == "GET"
