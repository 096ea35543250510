"""After every outcome of a destroy, and an unknown outcome of a freeze, Turso blocks exactly what the holds need.

The card offers Deny and Withdraw until the change is sent.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from bot.app.workflow_steps import WorkSteps
from bot.commands.databases._holds import remaining
from bot.core.records.timers import TimerKind
from bot.core.requests.request import State
from bot.core.requests.step_results import ActResult
from bot.pipeline.execution import verify
from bot.pipeline.transitions import settlement
from bot.sandbox.workspace.model import Message
from tests.scenarios import quarantines as q
from tests.scenarios.test_countdown_end import forbid, rests
from tests.security import stage
from tests.soak import pairs
from tests.world import ANA, BEN, DANA, World, buttons, set_policy, until, words

pytestmark = pytest.mark.asyncio(loop_scope="module")
OWN_POLICY = q.POLICY


@asynccontextmanager
async def held_before_it_is_sent(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[asyncio.Event]:
    """Pause workflows right before they send a change to Turso. The event is set once a workflow waits."""
    waits, goes, real = asyncio.Event(), asyncio.Event(), WorkSteps.act

    async def act(self: WorkSteps, request_id: str, phase: str) -> ActResult:
        waits.set()
        await goes.wait()
        return await real(self, request_id, phase)

    with monkeypatch.context() as patched:
        patched.setattr(WorkSteps, "act", act)
        try:
            yield waits
        finally:
            goes.set()


async def denied(world: World, card: Message) -> None:
    await world.person(BEN).presses("Deny", await world.wait_for_content(card, button="Deny"))
    await world.person(BEN).submits({"comment": "no"})
    await stage.reaches(world, card, State.DENIED)


async def withdrawn(world: World, card: Message) -> None:
    await world.person(DANA).presses("Withdraw", await world.wait_for_content(card, button="Withdraw"))
    await stage.reaches(world, card, State.CANCELLED)


async def expired(world: World, card: Message) -> None:
    await world.pass_time(hours=1, minutes=1)
    await stage.reaches(world, card, State.EXPIRED)


async def drifted(world: World, card: Message) -> None:
    """Change the database after the check for plan drift, and let so much time pass that the check runs again."""
    request = await stage.request_of(world, card)
    assert request.plan.target is not None
    await q.configuration(world, request.plan.target.name, delete_protection=True)
    await world.pass_time(minutes=1)


async def refused(world: World, card: Message) -> None:
    """Make Turso refuse the change."""
    request = await stage.request_of(world, card)
    assert request.plan.target is not None
    path = f"*/databases/{request.plan.target.name}/configuration"
    world.turso.faults.add("status", method="PATCH", path=path, status=403, count=1)


async def nothing(world: World, card: Message) -> None:
    """Do nothing, so that the operation succeeds."""


ENDS: dict[str, tuple[Callable[[World, Message], Awaitable[None]], State]] = {
    "denied": (denied, State.DENIED),
    "withdrawn": (withdrawn, State.CANCELLED),
    "expired": (expired, State.EXPIRED),
    "drifted": (drifted, State.STALE),
    "refused": (refused, State.FAILED),
    "succeeded": (nothing, State.QUARANTINED),
}


async def resting(world: World, name: str) -> Message:
    """Return the card of a quarantine whose countdown ended without a destroy."""
    card = await q.quarantined(world, name)
    await forbid(world)
    await world.pass_time(hours=25)
    await rests(world, card)
    await world.wait_until_idle()
    set_policy(world, OWN_POLICY)
    return world.current(card)


async def matches(world: World, name: str) -> None:
    """Assert that Turso blocks exactly what the open holds need."""
    blocked = await q.configuration(world, name)
    assert blocked == remaining(await q.holds(world, name)), f"{name}: {await q.holds(world, name)}"


@pytest.mark.parametrize(("end", "order"), pairs(ENDS, ("the first quarantine", "in place of another")))
async def test_blocks_and_holds_match_after_every_end(
    world: World, monkeypatch: pytest.MonkeyPatch, end: str, order: str
) -> None:
    takes_over = order != "the first quarantine"
    name = f"law-{end}-{'second' if takes_over else 'first'}"
    old = await resting(world, name) if takes_over else None
    if old is None:
        await world.create_databases(name)
    card = await q.request_destroy(world, name)
    async with held_before_it_is_sent(monkeypatch) as waits:
        await world.person(ANA).presses("Approve", card)
        await asyncio.wait_for(waits.wait(), 30)
        if old is not None:
            assert (await q.state(world, await stage.request_of(world, old))).state is State.STALE
        await ENDS[end][0](world, card)

    request = await stage.reaches(world, card, ENDS[end][1])
    await world.wait_until_idle()
    await matches(world, name)
    if not takes_over:
        assert bool(await q.holds(world, name)) is (end == "succeeded")
        return
    assert await q.configuration(world, name) == (True, True), "nothing is unblocked automatically"
    if end == "succeeded":
        await world.person(DANA).presses_and_reads("Undo", await world.wait_for_content(card, button="Undo"))
        await stage.reaches(world, card, State.RESTORED)
    else:
        assert f"/turso thaw {name}" in words(world.current(card)), "the card says that the database is still blocked"
        if end == "drifted":
            await q.configuration(world, name, delete_protection=False)
        assert request.leaves_frozen
        thaw = await world.person(DANA).types(f"/turso thaw {name} --reason back")
        await world.person(ANA).presses("Approve", thaw)
        await stage.reaches(world, thaw, State.SUCCEEDED)
    await world.wait_until_idle()
    assert await q.configuration(world, name) == (False, False)
    assert not await q.holds(world, name)


async def make_unknown(world: World, monkeypatch: pytest.MonkeyPatch, card: Message, name: str, operation: str) -> None:
    """Cut the connection during the change, and let read-backs see nothing of it, so that the outcome is unknown.

    The blocks are set all the same, but the database isn't destroyed.
    """

    async def unseen(*_: Any) -> bool:
        return False

    kind, method, path = (
        ("drop", "DELETE", name) if operation == "finish" else ("lost", "PATCH", f"{name}/configuration")
    )
    fault = world.turso.faults.add(kind, method=method, path=f"*/databases/{path}", count=None)
    with monkeypatch.context() as patched:
        patched.setattr(verify, "sees", unseen)
        if operation == "finish":
            await world.pass_time(hours=25)
        else:
            await world.person(ANA).presses("Approve", card)
        await stage.reaches(world, card, State.UNKNOWN)
    world.turso.faults.remove(fault.id)
    await world.wait_until_idle()


async def reconciled(world: World, request_id: str) -> None:
    """Move the clock to the reconciler's next try for a request, and wait until the try is over."""
    store = world.bot.store if world.bot else None
    assert store is not None
    for timer in await store.timers.due(world.clock.now() + timedelta(days=1), limit=1000):
        if (timer.kind, timer.subject) != (TimerKind.RECONCILE, request_id):
            continue
        await world.pass_time(seconds=(timer.due_at - world.clock.now()).total_seconds() + 1)
        end = asyncio.get_running_loop().time() + 30
        while await store.timers.is_due(timer.kind, timer.subject, timer.due_at):
            assert asyncio.get_running_loop().time() < end, "the reconciler doesn't run again"
            await asyncio.sleep(0.02)


OPERATIONS = {"freeze": "/turso freeze {} --reads --for 12h --reason old", "quarantine": "", "finish": ""}
"""By operation: the line that requests it. `quarantine` and `finish` are the two phases of a destroy."""
OPENED = {"nothing": {}, "reads": {"block_reads": False}, "writes": {"block_writes": False}}
OPENED["both"] = OPENED["reads"] | OPENED["writes"]
"""What others unblock while the outcome is unknown."""


@pytest.mark.parametrize(("opened", "operation"), pairs(OPENED, OPERATIONS))
async def test_blocks_and_holds_match_after_an_outcome_that_was_unknown_at_first(
    world: World, monkeypatch: pytest.MonkeyPatch, operation: str, opened: str
) -> None:
    name = f"unknown-{operation}-{opened}"
    if operation == "finish":
        card = await q.quarantined(world, name)
    else:
        await world.create_databases(name)
        card = await (
            world.person(DANA).types(OPERATIONS[operation].format(name))
            if OPERATIONS[operation]
            else q.request_destroy(world, name)
        )
    await make_unknown(world, monkeypatch, card, name, operation)
    await q.configuration(world, name, **OPENED[opened])
    request = await stage.request_of(world, card)
    for _ in settlement.RECONCILE_PAUSES:
        await reconciled(world, request.id)
    request = await q.state(world, request)
    await world.wait_until_idle()
    await matches(world, name)
    blocked = await q.configuration(world, name)
    assert blocked == (opened not in ("reads", "both"), opened not in ("writes", "both")), (
        "nothing is unblocked automatically"
    )
    if opened == "nothing" and operation != "finish":
        assert request.state in (State.SUCCEEDED, State.QUARANTINED)
        return
    assert request.state is State.FAILED
    assert (f"/turso thaw {name}" in request.outcome) is any(blocked)
    if any(blocked):
        thaw = await world.person(DANA).types(f"/turso thaw {name} --reason back")
        await world.person(ANA).presses("Approve", thaw)
        await stage.reaches(world, thaw, State.SUCCEEDED)
        await world.wait_until_idle()
        assert await q.configuration(world, name) == (False, False)
        assert not await q.holds(world, name)


async def test_the_card_offers_deny_and_withdraw_until_the_change_is_sent(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "until-sent"
    await world.create_databases(name)
    card = await q.request_destroy(world, name)
    held: Any = None
    async with held_before_it_is_sent(monkeypatch) as waits:
        await world.person(ANA).presses("Approve", card)
        await asyncio.wait_for(waits.wait(), 30)
        begun = await world.wait_for_content(card, holding="has started")
        assert {"Deny", "Withdraw"} <= set(buttons(begun))
        assert "Approve" not in buttons(begun)
        held = world.turso.faults.add("hold_before", method="PATCH", path=f"*/databases/{name}/configuration")

    await asyncio.wait_for(held.arrived.wait(), 30)
    try:
        await until(
            lambda: not {"Deny", "Withdraw"} & set(buttons(world.current(card))), what="the card without both buttons"
        )
        assert "has started" in words(world.current(card))
    finally:
        held.released.set()
    await stage.reaches(world, card, State.QUARANTINED)
