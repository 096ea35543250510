"""`freeze`, `thaw` and `protect`. When a hold ends, the remaining holds decide what is unblocked."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.commands.databases import freeze, protect, thaw
from bot.commands.databases._holds import remaining
from bot.commands.follow_up import FollowUp
from bot.core.records.holds import HoldKind
from bot.core.requests.request import State
from bot.errors import BadInput
from tests.blocks.messages import buttons
from tests.commands.conftest import Desk
from tests.present import present
from tests.store.samples import hold, move, request

FREEZE, QUARANTINE, FOUND = HoldKind.FREEZE, HoldKind.QUARANTINE, HoldKind.FOUND


async def place(desk: Desk, *holds: Any, requester: str = "U0DANA") -> None:
    await desk.store.requests.open(
        replace(request(9), id=f"r-{requester}", intent_id=f"i-{requester}", requester=requester),
        move(State.PENDING, holds=holds),
    )


@pytest.mark.parametrize(
    ("holds", "blocked"),
    [
        pytest.param([], (False, False), id="no hold"),
        pytest.param([(FREEZE, False, True)], (False, True), id="a freeze of writes"),
        pytest.param([(FREEZE, False, True), (QUARANTINE, True, True)], (True, True), id="the stronger hold counts"),
        pytest.param([(FOUND, True, False), (FREEZE, False, True)], (True, True), id="one hold for each block"),
    ],
)
def test_a_database_is_blocked_while_any_hold_needs_it(holds: Any, blocked: tuple[bool, bool]) -> None:
    made = [hold(at, kind=kind, block_reads=r, block_writes=w) for at, (kind, r, w) in enumerate(holds)]

    assert remaining(made) == blocked


async def test_a_freeze_blocks_writes_and_leaves_reads_as_they_are(desk: Desk) -> None:
    desk.acme.add("orders")
    desk.acme.configurations["orders"]["block_reads"] = True

    reply = await desk.carry_out("freeze orders --for 30m")

    assert desk.acme.configurations["orders"]["block_writes"] is True
    assert desk.acme.configurations["orders"]["block_reads"] is True
    assert "for 30 min" in reply.text
    assert buttons(reply)["Thaw"]["value"] == "thaw orders"


async def test_a_freeze_with_reads_also_blocks_reads(desk: Desk) -> None:
    desk.acme.add("orders")
    plan = await desk.plan("db freeze orders --reads")

    await desk.act(plan, freeze.command)

    assert desk.acme.configurations["orders"]["block_reads"] is True
    assert present(plan.hold).seconds is None
    assert plan.options == ("--reads",)


@pytest.mark.parametrize("lasting", ["1s", "400d"])
async def test_the_duration_of_a_freeze_is_limited(desk: Desk, lasting: str) -> None:
    desk.acme.add("orders")

    with pytest.raises(BadInput, match="can last from"):
        await desk.plan(f"freeze orders --for {lasting}")


async def test_a_plan_lists_the_existing_holds(desk: Desk) -> None:
    made = desk.acme.add("orders")
    due = desk.now + timedelta(minutes=5)
    await place(desk, hold(1, database="orders", database_id=made["DbId"], due_at=due))

    assert "a freeze (writes, until 2026-11-24 12:05 UTC)" in (await desk.plan("freeze orders")).facts["Blocked by"]


async def test_a_manual_thaw_removes_freezes_and_blocks_of_others(desk: Desk) -> None:
    made = desk.acme.add("orders")
    desk.acme.configurations["orders"] |= {"block_reads": True, "block_writes": True}
    own = hold(1, database="orders", database_id=made["DbId"])
    await place(desk, own, replace(own, id="h-2", kind=FOUND, block_reads=True))

    await desk.carry_out("thaw orders")

    assert desk.acme.configurations["orders"]["block_reads"] is False
    assert desk.acme.configurations["orders"]["block_writes"] is False


@pytest.mark.parametrize("kind", [FREEZE, FOUND, QUARANTINE])
async def test_a_thaw_ends_only_the_holds_in_its_plan(desk: Desk, kind: HoldKind) -> None:
    """A hold that is placed after the plan makes the plan stale. If that isn't noticed, the hold's blocks stay."""
    made = desk.acme.add("orders")
    desk.acme.configurations["orders"]["block_writes"] = True
    shown = hold(1, database="orders", database_id=made["DbId"])
    await place(desk, shown)
    plan = await desk.plan("thaw orders")
    assert await thaw.drift(desk.context(), plan) is None

    await place(desk, hold(2, database="orders", database_id=made["DbId"], kind=kind), requester="U0ANA")

    assert "was blocked again" in (await thaw.drift(desk.context(), plan) or "")
    await desk.act(plan, thaw.command)
    assert desk.acme.configurations["orders"]["block_writes"] is True


async def test_a_thaw_removes_no_block_that_others_have_set_since(desk: Desk) -> None:
    made = desk.acme.add("orders")
    desk.acme.configurations["orders"]["block_writes"] = True
    await place(desk, hold(1, database="orders", database_id=made["DbId"]))
    plan = await desk.plan("thaw orders")
    desk.acme.configurations["orders"]["block_reads"] = True

    assert "More of `orders` is blocked" in (await thaw.drift(desk.context(), plan) or "")
    await desk.act(plan, thaw.command)
    assert desk.acme.configurations["orders"]["block_reads"] is True
    assert desk.acme.configurations["orders"]["block_writes"] is False


async def test_a_quarantine_cannot_be_thawed_and_the_error_suggests_restore(desk: Desk) -> None:
    made = desk.acme.add("orders")
    desk.acme.configurations["orders"]["block_writes"] = True
    await place(desk, hold(1, database="orders", database_id=made["DbId"], kind=QUARANTINE))

    with pytest.raises(BadInput, match="restore orders"):
        await desk.plan("thaw orders")


async def test_a_thaw_keeps_a_quarantine_that_was_placed_after_its_plan(desk: Desk) -> None:
    made = desk.acme.add("orders")
    desk.acme.configurations["orders"]["block_writes"] = True
    plan = await desk.plan("thaw orders")
    desk.acme.configurations["orders"]["block_reads"] = True
    kept = hold(1, database="orders", database_id=made["DbId"], kind=QUARANTINE, block_reads=True)
    await place(desk, kept)

    await desk.act(plan, thaw.command)

    assert desk.acme.configurations["orders"]["block_reads"] is True
    assert desk.acme.configurations["orders"]["block_writes"] is True


async def test_a_database_without_blocks_cannot_be_thawed(desk: Desk) -> None:
    desk.acme.add("orders")

    with pytest.raises(BadInput, match="isn't blocked"):
        await desk.plan("thaw orders")


async def test_blocks_of_others_are_removed_with_a_warning(desk: Desk) -> None:
    desk.acme.add("orders")
    desk.acme.configurations["orders"]["block_writes"] = True

    assert "Turso Ops didn't set this block" in (await desk.plan("thaw orders")).warnings[0]


@pytest.mark.parametrize(("word", "on"), [("on", True), ("off", False)])
async def test_protection_is_turned_on_and_off(desk: Desk, word: str, on: bool) -> None:
    desk.acme.add("orders")
    desk.acme.configurations["orders"]["delete_protection"] = not on

    reply = await desk.carry_out(f"db protect orders {word}")

    assert desk.acme.configurations["orders"]["delete_protection"] is on
    (patch,) = (one for one in desk.acme.requests if one.method == "PATCH")
    assert "block_writes" not in patch.content.decode()
    assert f"is {word}" in reply.text


async def test_setting_protection_to_its_current_value_is_not_a_change(desk: Desk) -> None:
    desk.acme.add("orders")
    desk.acme.configurations["orders"]["delete_protection"] = True

    with pytest.raises(BadInput, match="already on"):
        await desk.plan("protect orders on")


async def test_a_protection_that_turso_does_not_report_is_not_confirmed(desk: Desk) -> None:
    desk.acme.add("orders")
    plan = await desk.plan("protect orders off")

    assert plan.facts["Delete protection now"] == "unknown"
    assert not await protect.read_back(desk.context(), plan)


async def test_the_thaw_of_a_freeze_that_has_ended_meanwhile_has_nothing_to_do(desk: Desk) -> None:
    made = desk.acme.add("orders")
    desk.acme.configurations["orders"]["block_writes"] = True
    own = hold(1, database="orders", database_id=made["DbId"])
    await place(desk, own)
    plan = await desk.plan("thaw orders", follow_up=FollowUp(made["DbId"], own))
    assert await thaw.drift(desk.context(), plan) is None

    await desk.store.holds.release(own.id, desk.now)

    assert "already ended" in present(await thaw.drift(desk.context(), plan))
