"""`rotate`: how far it reaches is said before, and decided on every database of the group."""

from bot.core.requests.plan import Plan
from tests.blocks.messages import check
from tests.commands.conftest import Desk
from tests.store.samples import token


async def test_the_plan_names_siblings_tokens_and_holders(desk: Desk) -> None:
    made = [desk.acme.add(name) for name in ("orders", "users", "payroll")]
    desk.acme.groups["other"] = {"name": "other"}
    desk.acme.add("elsewhere", group="other")
    for at, (database, holder) in enumerate([(made[0], "U0BEN"), (made[1], "U0CLEO"), (made[1], "U0BEN")]):
        await desk.store.tokens.add(token(at, database=database["Name"], database_id=database["DbId"], holder=holder))

    plan = await desk.plan("rotate orders")

    assert set(plan.databases) == {("orders", "default"), ("users", "default"), ("payroll", "default")}
    assert plan.databases[0] == ("orders", "default")
    assert set(plan.holders) == {"U0BEN", "U0CLEO"}
    assert set(plan.ends_tokens_of) == {database["DbId"] for database in made}
    assert plan.facts["Active tokens"] == "3 (orders, users)"
    assert any("payroll" in line and "other databases in group" in line for line in plan.warnings)
    assert any("created elsewhere" in line for line in plan.warnings)
    assert any("short downtime" in line for line in plan.warnings)


async def test_it_is_sent_once_and_leaves_nothing_to_read(desk: Desk) -> None:
    desk.acme.add("orders")

    reply = await desk.carry_out("db tokens invalidate orders")

    assert desk.acme.rotated == ["orders"]
    assert "orders · Turso accepted the rotation" in reply.text
    assert desk.parse("rotate orders").spec.read_back is None


async def test_a_database_without_a_group_stands_alone(desk: Desk) -> None:
    desk.acme.add("orders", group="")
    desk.acme.add("users", group="")

    plan = await desk.plan("rotate orders")

    assert plan.databases == (("orders", None),)
    assert not any("group" in line for line in plan.warnings)


async def test_a_group_of_three_hundred_fits(desk: Desk) -> None:
    for at in range(300):
        made = desk.acme.add(f"db-{at:060}")
        await desk.store.tokens.add(token(at, database=made["Name"], database_id=made["DbId"], holder=f"U{at}"))

    plan = await desk.plan(f"rotate db-{0:060}")

    assert len(plan.databases) == 300
    assert len(plan.facts["Databases of the group"]) < 1000
    assert Plan.from_json(plan.to_json()) == plan
    check(desk.parse("rotate x").spec.message(plan, {}))
