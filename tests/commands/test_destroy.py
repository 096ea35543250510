"""`db destroy` and its Undo: it starts a quarantine, affects only the planned database, and respects protection."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.commands.databases import destroy
from bot.core.records.holds import HoldKind
from bot.core.requests.request import Mode, State
from bot.errors import BadInput
from tests.blocks.messages import words
from tests.commands.conftest import Desk
from tests.present import present
from tests.store.samples import hold, move, request, token


async def open_quarantine(desk: Desk, plan: Any) -> Any:
    due = desk.now + timedelta(hours=24)
    counting = request(1, plan=plan, command="destroy", state=State.QUARANTINED, mode=Mode.APPROVAL, due_at=due)
    own = hold(1, kind=HoldKind.QUARANTINE, database="orders", database_id=plan.target.id, block_reads=True)
    return await desk.store.requests.open(counting, move(State.QUARANTINED, holds=[own]))


async def test_a_destroy_blocks_first_and_deletes_nothing(desk: Desk) -> None:
    desk.acme.add("orders")

    reply = await desk.carry_out("destroy orders")

    assert "orders" in desk.acme.databases
    assert desk.acme.configurations["orders"]["block_reads"] is True
    assert desk.acme.configurations["orders"]["block_writes"] is True
    assert "quarantine" in reply.text
    assert not [path for path in desk.acme.log() if path.startswith("DELETE")]


async def test_the_end_of_the_countdown_destroys_the_database(desk: Desk) -> None:
    desk.acme.add("orders")
    await desk.carry_out("destroy orders", "finish")

    assert "orders" not in desk.acme.databases


async def test_destroy_now_destroys_at_once(desk: Desk) -> None:
    desk.acme.add("orders")

    reply = await desk.carry_out("destroy orders --now")

    assert "orders" not in desk.acme.databases
    assert "was destroyed" in reply.text


async def test_a_database_that_was_created_again_under_the_name_is_not_touched(desk: Desk) -> None:
    desk.acme.add("orders")
    plan = await desk.plan("destroy orders --now")
    desk.acme.add("orders")

    await destroy.act(desk.context(), plan)

    assert "orders" in desk.acme.databases
    assert await destroy.read_back(desk.context(), plan)


@pytest.mark.parametrize("source", ["database", "group", "configuration"])
async def test_a_protected_database_is_refused_before_the_approval(desk: Desk, source: str) -> None:
    desk.acme.add("orders", delete_protection=source == "database")
    desk.acme.groups["default"]["delete_protection"] = source == "group"
    desk.acme.configurations["orders"]["delete_protection"] = source == "configuration"

    with pytest.raises(BadInput, match="delete protection"):
        await desk.plan("destroy orders --now")


async def test_the_plan_contains_what_approvers_need_to_know(desk: Desk) -> None:
    made = desk.acme.add("orders")
    await desk.store.tokens.add(token(1, database="orders", database_id=made["DbId"], holder="U0BEN"))

    plan = await desk.plan("destroy orders")

    assert present(plan.target).id == made["DbId"]
    assert plan.facts["Size"] == "40.0 KiB"
    assert plan.holders == ("U0BEN",)
    assert present(plan.hold).kind == "quarantine"
    assert plan.ends_tokens_of == (made["DbId"],)
    assert len(plan.steps) == 3


async def test_a_destroy_can_be_planned_without_knowing_the_size(desk: Desk) -> None:
    desk.acme.add("orders")
    desk.acme.failing["/usage"] = 500

    plan = await desk.plan("destroy orders")

    assert present(plan.target).size_bytes is None
    assert "unknown" in plan.facts["Size"]
    assert any("didn't say how large it is" in warning for warning in plan.warnings)


async def test_a_second_quarantine_refers_to_the_first(desk: Desk) -> None:
    desk.acme.add("orders")
    await open_quarantine(desk, await desk.plan("destroy orders"))

    with pytest.raises(BadInput, match="already in quarantine"):
        await desk.plan("destroy orders")


async def test_undo_unblocks_only_what_no_other_hold_needs(desk: Desk) -> None:
    made = desk.acme.add("orders")
    plan = await desk.plan("destroy orders")
    await desk.act(plan, destroy.command)
    base = hold(1, database="orders", database_id=made["DbId"])
    kept = move(State.QUARANTINED, holds=[base, replace(base, id="h-2", kind=HoldKind.QUARANTINE, block_reads=True)])
    await desk.store.requests.open(request(1, plan=plan), kept)

    await desk.act(plan, present(destroy.command.undo))

    assert desk.acme.configurations["orders"]["block_reads"] is False
    assert desk.acme.configurations["orders"]["block_writes"] is True


async def test_the_plan_of_a_restore_has_the_request_whose_quarantine_it_undoes(desk: Desk) -> None:
    desk.acme.add("orders")
    counting = await open_quarantine(desk, await desk.plan("destroy orders"))

    plan = await desk.plan("restore orders")

    assert plan.arguments["request_id"] == counting.id


async def test_a_quarantine_without_a_countdown_is_replaced_by_a_new_one(desk: Desk) -> None:
    desk.acme.add("orders")
    resting = await open_quarantine(desk, await desk.plan("destroy orders"))
    await desk.store.requests.move(
        resting.id, expect=[State.QUARANTINED], move=move(State.QUARANTINED, changes={"due_at": None})
    )

    plan = await desk.plan("destroy orders")

    assert plan.arguments["replaces"] == resting.id
    assert any("new quarantine" in warning for warning in plan.warnings)
    assert "replaces" not in (await desk.plan("destroy orders --now")).arguments


async def test_restore_finds_a_quarantine_among_more_than_a_hundred(desk: Desk) -> None:
    desk.acme.add("orders")
    counting = await open_quarantine(desk, await desk.plan("destroy orders"))
    desk.acme.add("other")
    other = await desk.plan("destroy other")
    for number in range(2, 104):
        later = request(number, plan=other, requester=f"U{number}", command="destroy", state=State.QUARANTINED)
        await desk.store.requests.open(later, move(State.QUARANTINED))

    with pytest.raises(BadInput, match="already in quarantine"):
        await desk.plan("destroy orders")
    assert (await desk.plan("restore orders")).arguments["request_id"] == counting.id


async def test_restore_without_a_quarantine_says_that_there_is_none(desk: Desk) -> None:
    desk.acme.add("orders")

    with pytest.raises(BadInput, match="nothing to restore"):
        await desk.plan("restore orders")


@pytest.mark.parametrize("line", ["destroy orders --now", "destroy orders"])
async def test_a_destroy_claims_only_that_turso_ops_cannot_restore_the_database(desk: Desk, line: str) -> None:
    """Turso's paid plans keep deleted databases for some days, and the bot can't know whether this plan does so."""
    desk.acme.add("orders")
    plan = await desk.plan(line)
    text = " ".join([*plan.steps, *plan.warnings, words(destroy.destroyed_message(plan, {}))])

    assert "Turso Ops can't restore it" in text
    assert "for up to five days" in text
    assert not [claim for claim in ("keeps no copy", "can't be undone", "is gone") if claim in text]
