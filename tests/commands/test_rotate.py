"""`rotate`: the plan names everything that it affects, and the rules decide on every database of the group."""

import json
from dataclasses import replace
from typing import Any

import pytest

from bot.commands.tokens import rotate
from bot.core.model import Target
from bot.core.requests.plan import Plan
from bot.errors import Unavailable
from bot.turso import TursoClient, answers
from bot.turso.models import Listing
from tests.blocks.messages import check
from tests.commands.conftest import Desk
from tests.growth import computing
from tests.store.samples import token


async def test_the_plan_names_siblings_tokens_and_holders(desk: Desk) -> None:
    made = [desk.acme.add(name) for name in ("orders", "users", "payroll")]
    desk.acme.groups["other"] = {"name": "other"}
    desk.acme.add("elsewhere", group="other")
    for at, (database, holder) in enumerate([(made[0], "U0BEN"), (made[1], "U0CLEO"), (made[1], "U0BEN")]):
        await desk.store.tokens.add(token(at, database=database["Name"], database_id=database["DbId"], holder=holder))

    plan = await desk.plan("rotate orders")

    assert set(plan.databases) == {Target(name, "default") for name in ("orders", "users", "payroll")}
    assert plan.databases[0] == Target("orders", "default")
    assert set(plan.holders) == {"U0BEN", "U0CLEO"}
    assert set(plan.ends_tokens_of) == {database["DbId"] for database in made}
    assert plan.facts["Active tokens"] == "3 (orders, users)"
    assert any("payroll" in line and "other databases in the group" in line for line in plan.warnings)
    assert any("created elsewhere" in line for line in plan.warnings)
    assert any("some downtime" in line for line in plan.warnings)


async def test_a_rotation_is_sent_once_and_has_no_read_back(desk: Desk) -> None:
    desk.acme.add("orders")

    reply = await desk.carry_out("db tokens invalidate orders")

    assert desk.acme.rotated == ["orders"]
    assert "orders · Turso accepted the rotation" in reply.text
    assert desk.parse("rotate orders").spec.read_back is None


async def test_a_database_without_a_group_has_no_siblings(desk: Desk) -> None:
    desk.acme.add("orders", group="")
    desk.acme.add("users", group="")

    plan = await desk.plan("rotate orders")

    assert plan.databases == (Target("orders"),)
    assert not any("group" in line for line in plan.warnings)


async def test_a_group_of_three_hundred_fits(desk: Desk) -> None:
    for at in range(300):
        made = desk.acme.add(f"db-{at:060}")
        await desk.store.tokens.add(token(at, database=made["Name"], database_id=made["DbId"], holder=f"U{at}"))

    plan = await desk.plan(f"rotate db-{0:060}")

    assert len(plan.databases) == 300
    assert len(plan.facts["Databases in the group"]) < 1000
    assert Plan.from_json(plan.to_json()) == plan
    check(desk.parse("rotate x").spec.message(plan, {}))


def make_turso_list(monkeypatch: pytest.MonkeyPatch, databases: list[dict[str, Any]]) -> None:
    """Make Turso list these databases, whichever group is requested."""
    listing = answers.page(json.dumps({"databases": databases}).encode()).databases

    async def listed(*_: Any, **__: Any) -> Listing:
        return listing

    monkeypatch.setattr(TursoClient, "listed", listed)


@pytest.mark.parametrize("odd", [{"Name": None}, {"DbId": None}, {"group": 5}], ids=["name", "id", "group"])
async def test_a_database_that_cannot_be_read_stops_the_rotation(
    desk: Desk, odd: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    orders, users = desk.acme.add("orders"), desk.acme.add("users")
    plan = await desk.plan("rotate orders")
    make_turso_list(monkeypatch, [orders, users | odd])

    with pytest.raises(Unavailable, match="can't tell what this affects in the group `default`"):
        await desk.plan("rotate orders")
    with pytest.raises(Unavailable, match="can't tell what this affects in the group `default`"):
        await rotate.drift(desk.context(), plan)


async def test_checking_four_times_as_many_databases_for_drift_takes_about_four_times_as_long(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders, shortest = desk.acme.add("orders"), []
    plan = await desk.plan("rotate orders")
    for size in (2_000, 8_000):
        members = [orders | {"Name": f"db-{at}", "DbId": f"id-{at}"} for at in range(size)]
        make_turso_list(monkeypatch, members)
        large = replace(plan, ends_tokens_of=tuple(str(one["DbId"]) for one in members))
        times: list[float] = []
        for _ in range(3):
            with computing(times):
                assert await rotate.drift(desk.context(), large) is None
        shortest.append(min(times))

    assert shortest[1] / shortest[0] < 10
