"""`db branch`: a copy of a database as it is now or was earlier, stored with its owner, source and end."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.commands.databases import branch
from bot.commands.databases._branches import list_branches
from bot.core.model import Target
from bot.core.records.branches import Branch
from bot.core.requests.request import State
from bot.errors import BadInput, NotOurs
from bot.pipeline.authorization.plan_drift import drift
from bot.turso import DatabaseNotFound
from tests.blocks.messages import buttons, words
from tests.commands.conftest import NOW, Desk
from tests.store.samples import branch as sample
from tests.store.samples import entry, move, request, token


@pytest.fixture
def orders(desk: Desk) -> dict[str, Any]:
    return desk.acme.add("orders")


def record(**changes: Any) -> Branch:
    return replace(sample(), created_at=NOW - timedelta(days=2), ends_at=NOW + timedelta(days=1), **changes)


async def test_a_branch_is_in_the_group_of_its_source_and_its_url_is_shown(desk: Desk, orders: dict[str, Any]) -> None:
    reply = await desk.carry_out("branch orders orders-test --for 3d")

    made = desk.acme.databases["orders-test"]
    assert (made["group"], made["parent"]["id"]) == ("default", orders["DbId"])
    assert "The branch orders-test of orders is ready" in reply.text
    assert "It ends in 3 days" in words(reply)
    assert "libsql://orders-test-acme" in words(reply)
    assert buttons(reply)["Token for 1 h"]["value"] == "token orders-test"


async def test_the_plan_names_both_databases_the_time_and_the_end(desk: Desk, orders: dict[str, Any]) -> None:
    plan = await desk.plan("branch orders orders-test --at 15m ago --for 12h")

    assert plan.target is not None
    assert plan.target.id == orders["DbId"]
    assert plan.databases == (Target("orders", "default"), Target("orders-test", "default", ("orders",)))
    assert plan.arguments["at"] == (NOW - timedelta(minutes=15)).isoformat()
    assert "2026-11-24 11:45 UTC" in plan.steps[0]
    assert "The last 15 seconds of data before that time may be missing" in plan.warnings
    assert not [path for path in desk.acme.log() if path.startswith("POST")]


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("branch orders orders", "`orders` already exists"),
        ("branch orders orders-test --for 5m", "can last from `10m` to `90d`"),
        ("branch orders orders-test --at 2026-11-25 14:00", "is in the future"),
        ("branch orders orders-test --at before INC-1", "No incident `INC-1`"),
        ("branch lonely copy", "isn't in a group"),
        ("branch secret copy", "is encrypted with your own key"),
        ("branch asleep copy", "`asleep` is archived"),
    ],
)
async def test_a_branch_that_cannot_be_created_is_refused_with_the_reason(
    desk: Desk, orders: dict[str, Any], line: str, sentence: str
) -> None:
    desk.acme.add("lonely", group="")
    desk.acme.add("secret", encryption_cipher="aes256gcm")
    desk.acme.add("asleep", archived=True)
    with pytest.raises(BadInput, match=sentence):
        await desk.plan(line)


async def test_a_time_that_turso_no_longer_keeps_is_refused_before_the_approval(desk: Desk) -> None:
    desk.acme.add("orders")
    with pytest.raises(BadInput, match="go back 30 days at most"):
        await desk.plan("branch orders copy --at 31d ago")
    plan = await desk.plan("branch orders copy --at 29d ago")
    assert plan.facts["Available history"] == "30 days (scaler plan)"

    desk.now += timedelta(days=2)
    assert "go back 30 days at most" in (await drift(desk.context(), plan, branch.command) or "")


async def test_a_time_before_the_source_existed_is_refused(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.acme.add("orders")
    monkeypatch.setattr("bot.turso.ids.made_at", lambda _: NOW - timedelta(hours=1))
    with pytest.raises(BadInput, match="didn't exist at that time"):
        await desk.plan("branch orders copy --at 2h ago")


async def test_an_unknown_source_is_not_found(desk: Desk) -> None:
    with pytest.raises(DatabaseNotFound, match="nowhere"):
        await desk.plan("branch nowhere copy")


async def test_a_recreated_source_or_a_taken_name_is_plan_drift(desk: Desk, orders: dict[str, Any]) -> None:
    plan = await desk.plan("branch orders copy")
    assert await drift(desk.context(), plan, branch.command) is None

    taken = desk.acme.add("copy")
    assert "already exists" in (await drift(desk.context(), plan, branch.command) or "")
    del desk.acme.databases[taken["Name"]]

    desk.acme.add("orders")
    assert "now belongs to a different database" in (await drift(desk.context(), plan, branch.command) or "")


async def test_another_database_with_the_name_is_not_mistaken_for_the_branch(
    desk: Desk, orders: dict[str, Any]
) -> None:
    plan = await desk.plan("branch orders copy")
    assert not await branch.read_back(desk.context(), plan)

    desk.acme.add("copy", parent={"id": "another", "name": "users"})
    with pytest.raises(NotOurs, match="a copy of a different database"):
        await branch.read_back(desk.context(), plan)

    desk.acme.add("copy", parent=None)
    with pytest.raises(NotOurs, match="doesn't say that it is a branch of `orders`"):
        await branch.read_back(desk.context(), plan)


async def test_the_record_has_owner_source_and_end(desk: Desk, orders: dict[str, Any]) -> None:
    plan = await desk.plan("branch orders copy --for 2d")
    asked = request(plan=plan, requester="U0DANA", command="branch")

    kept = branch.branch(asked, {"id": "db-copy"}, "b-1", NOW)

    assert (kept.owner, kept.source, kept.source_id) == ("U0DANA", "orders", orders["DbId"])
    assert (kept.database, kept.database_id, kept.ends_at) == ("copy", "db-copy", NOW + timedelta(days=2))
    assert kept.announced_at == NOW + timedelta(days=1)
    forever = replace(plan, arguments={**plan.arguments, "seconds": None})
    assert branch.branch(replace(asked, plan=forever), {}, "b-1", NOW).announced_at is None


async def test_show_and_list_include_source_age_owner_and_end(desk: Desk, orders: dict[str, Any]) -> None:
    made = desk.acme.add("orders-1", parent={"id": orders["DbId"], "name": "orders"})
    desk.acme.add(
        "elsewhere-made", parent={"id": orders["DbId"], "name": "orders", "branched_at": "2026-11-23T12:00:00Z"}
    )
    kept = record(database_id=made["DbId"])
    await desk.store.requests.open(request(), move(State.EXECUTING, branches=[kept]))

    shown, listed = words(await desk.ask("show orders-1")), words(await desk.ask("ls --branches"))

    assert "*Branch of*\norders" in shown
    assert "*Age*\n2 days" in shown
    assert "<@U0DANA>" in shown
    assert "2 branches" in listed
    assert "`orders-1` of `orders`, 2 days old, owned by <@U0DANA>, ends" in listed
    assert "`elsewhere-made` of `orders`, 1 day old, owner unknown, ends never" in listed
    assert "• `orders` " not in listed
    assert "Branch of" not in words(await desk.ask("show orders"))
    assert "wasn't created with `db branch`" in words(await desk.ask("show elsewhere-made"))


async def test_the_copy_of_a_rewind_is_shown_with_the_requester_of_the_rewind(
    desk: Desk, orders: dict[str, Any]
) -> None:
    copy = desk.acme.add("orders-rewind-1", parent={"id": orders["DbId"], "name": "orders"})
    made = request(requester="U0CLEO", command="rewind", facts={"id": copy["DbId"]})
    await desk.store.requests.open(made, move(State.SUCCEEDED))

    assert "created by <@U0CLEO>'s rewind, ends never" in words(await desk.ask("ls --branches"))
    assert "none (created by <@U0CLEO>'s rewind)" in words(await desk.ask("show orders-rewind-1"))


async def test_a_channel_without_the_source_does_not_list_its_branches(desk: Desk) -> None:
    """#team-orders has `orders-*`. Branches of `payroll` and their branches aren't listed there, even if they match."""
    payroll, own = desk.acme.add("payroll"), desk.acme.add("orders-eu")
    stolen = desk.acme.add("orders-stolen", parent={"id": payroll["DbId"], "name": "payroll"})
    desk.acme.add("orders-far", parent={"id": stolen["DbId"], "name": "orders-stolen"})
    desk.acme.add("orders-own", parent={"id": own["DbId"], "name": "orders-eu"})

    await desk.store.tokens.add(token(1, database="orders-stolen", database_id=stolen["DbId"], holder="U0CLEO"))
    await desk.store.audit.append(entry("executed", databases=("orders-stolen",), channel_id="C0DBOPS"))
    for line in ("ls", "ls --branches", "usage", "digest now", "tokens", "audit"):
        shown = words(await desk.ask(line, channel="C0ORDERS"))
        assert "stolen" not in shown, line
        assert "orders-far" not in shown, line
    for line in ("tokens orders-stolen", "audit --db orders-stolen"):
        with pytest.raises(DatabaseNotFound):
            await desk.ask(line, channel="C0ORDERS")
        assert "orders-stolen" in words(await desk.ask(line, channel="C0DBOPS"))
    assert "orders-own" in words(await desk.ask("ls", channel="C0ORDERS"))
    assert "orders-stolen" in words(await desk.ask("ls", channel="C0DBOPS"))


async def test_more_branches_than_fit_are_counted(desk: Desk, orders: dict[str, Any]) -> None:
    for number in range(25):
        desk.acme.add(f"orders-{number}", parent={"id": orders["DbId"], "name": "orders"})
    listed = await list_branches(desk.context(), await desk.turso.listed())
    assert "and 5 more" in words(listed)
