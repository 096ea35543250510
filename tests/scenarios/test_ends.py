"""However a request ends, what this bot has blocked is what its open holds say, and a card offers what still works."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from bot.commands.holds import remaining
from bot.core.request import State
from bot.pipeline import executing
from bot.sandbox.workspace.model import Message
from tests.scenarios import quarantines as q
from tests.scenarios.test_countdown_end import forbid, policy, rests
from tests.security import stage
from tests.world import ANA, BEN, DANA, World, buttons, until, words

pytestmark = pytest.mark.asyncio(loop_scope="module")
OWN_POLICY = q.POLICY


@asynccontextmanager
async def held_before_it_is_sent(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[asyncio.Event]:
    """Let what has begun wait right before it is sent; the event is set once something waits."""
    waits, goes, real = asyncio.Event(), asyncio.Event(), executing.Executor.act

    async def act(self: executing.Executor, request_id: str, phase: str) -> executing.Outcome:
        waits.set()
        await goes.wait()
        return await real(self, request_id, phase)

    with monkeypatch.context() as patched:
        patched.setattr(executing.Executor, "act", act)
        try:
            yield waits
        finally:
            goes.set()


async def denied(world: World, card: Message) -> None:
    await world.person(BEN).presses("Deny", await world.shows(card, button="Deny"))
    await world.person(BEN).submits({"comment": "no"})
    await stage.reaches(world, card, State.DENIED)


async def withdrawn(world: World, card: Message) -> None:
    await world.person(DANA).presses("Withdraw", await world.shows(card, button="Withdraw"))
    await stage.reaches(world, card, State.CANCELLED)


async def expired(world: World, card: Message) -> None:
    await world.pass_time(hours=1, minutes=1)
    await stage.reaches(world, card, State.EXPIRED)


async def drifted(world: World, card: Message) -> None:
    """The plan is compared again where the comparison has grown old."""
    request = await stage.request_of(world, card)
    assert request.plan.target is not None
    await q.configuration(world, request.plan.target.name, delete_protection=True)
    await world.pass_time(minutes=1)


async def refused(world: World, card: Message) -> None:
    request = await stage.request_of(world, card)
    assert request.plan.target is not None
    path = f"*/databases/{request.plan.target.name}/configuration"
    world.turso.faults.add("status", method="PATCH", path=path, status=403, count=1)


async def nothing(world: World, card: Message) -> None:
    """It goes through."""


ENDS: dict[str, tuple[Callable[[World, Message], Awaitable[None]], State]] = {
    "denied": (denied, State.DENIED),
    "withdrawn": (withdrawn, State.CANCELLED),
    "expired": (expired, State.EXPIRED),
    "drifted": (drifted, State.STALE),
    "refused": (refused, State.FAILED),
    "succeeded": (nothing, State.QUARANTINED),
}


async def resting(world: World, name: str) -> Message:
    """A quarantine whose countdown has ended without a destroy."""
    card = await q.quarantined(world, name)
    await forbid(world)
    await world.pass_time(hours=25)
    await rests(world, card)
    await world.calm()
    policy(world, OWN_POLICY)
    return world.as_now(card)


async def matches(world: World, name: str) -> None:
    """What Turso blocks, and nobody else has blocked, is what the open holds need."""
    blocked = await q.configuration(world, name)
    assert blocked == remaining(await q.holds(world, name)), f"{name}: {await q.holds(world, name)}"


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("takes_over", [False, True], ids=["first", "in place of another"])
async def test_blocks_and_holds_match_after_every_end(
    world: World, monkeypatch: pytest.MonkeyPatch, end: str, takes_over: bool
) -> None:
    name = f"law-{end}-{'second' if takes_over else 'first'}"
    old = await resting(world, name) if takes_over else None
    if old is None:
        await world.make(name)
    card = await q.asked(world, name)
    async with held_before_it_is_sent(monkeypatch) as waits:
        await world.person(ANA).presses("Approve", card)
        await asyncio.wait_for(waits.wait(), 30)
        if old is not None:
            assert (await q.state(world, await stage.request_of(world, old))).state is State.STALE
        await ENDS[end][0](world, card)

    request = await stage.reaches(world, card, ENDS[end][1])
    await world.calm()
    await matches(world, name)
    if not takes_over:
        assert bool(await q.holds(world, name)) is (end == "succeeded")
        return
    assert await q.configuration(world, name) == (True, True), "nothing opens by itself"
    if end == "succeeded":
        await world.person(DANA).presses_and_hears("Undo", await world.shows(card, button="Undo"))
        await stage.reaches(world, card, State.RESTORED)
    else:
        assert f"/turso thaw {name}" in words(world.as_now(card)), "its people learn that it is still blocked"
        if end == "drifted":
            await q.configuration(world, name, delete_protection=False)
        assert request.leaves_frozen
        thaw = await world.person(DANA).types(f"/turso thaw {name} --reason back")
        await world.person(ANA).presses("Approve", thaw)
        await stage.reaches(world, thaw, State.SUCCEEDED)
    await world.calm()
    assert await q.configuration(world, name) == (False, False)
    assert not await q.holds(world, name)


async def test_the_card_offers_deny_and_withdraw_until_the_change_is_sent(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "until-sent"
    await world.make(name)
    card = await q.asked(world, name)
    held: Any = None
    async with held_before_it_is_sent(monkeypatch) as waits:
        await world.person(ANA).presses("Approve", card)
        await asyncio.wait_for(waits.wait(), 30)
        begun = await world.shows(card, holding="being carried out")
        assert {"Deny", "Withdraw"} <= set(buttons(begun))
        assert "Approve" not in buttons(begun)
        held = world.turso.faults.add("hold_before", method="PATCH", path=f"*/databases/{name}/configuration")

    await asyncio.wait_for(held.arrived.wait(), 30)
    try:
        await until(lambda: not {"Deny", "Withdraw"} & set(buttons(world.as_now(card))), what="that both are gone")
        assert "being carried out" in words(world.as_now(card))
    finally:
        held.released.set()
    await stage.reaches(world, card, State.QUARANTINED)
