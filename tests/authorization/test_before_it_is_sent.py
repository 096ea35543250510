"""Until a change is sent, Deny and Withdraw stop it, and so does an expired approval or a lost permission."""

from contextlib import ExitStack
from typing import Any

import pytest

from bot.core.requests.request import State
from bot.pipeline.approval import presses, votes
from tests.authorization import lost
from tests.security import stage
from tests.world import ANA, BEN, DANA, DB_OPS, World, until, words

pytestmark = pytest.mark.asyncio(loop_scope="module")
OWN_POLICY = lost.POLICY


async def waiting_for_turso(world: World, name: str) -> tuple[Any, Any]:
    """Approve a destroy while Turso fails to return its database. Return the card and the fault."""
    await world.create_databases(name)
    card = await world.person(DANA).types(f"/turso db destroy {name} --now --reason tidy")
    fault = world.turso.faults.add("status", method="GET", path=f"*/databases/{name}", status=503, count=None)
    await world.person(ANA).presses_and_reads("Approve", card)
    await stage.reaches(world, card, State.APPROVED)
    return card, fault


@pytest.mark.parametrize(
    ("who", "label", "state"),
    [(DANA, "Withdraw", State.CANCELLED), (BEN, "Deny", State.DENIED)],
    ids=["by the requester", "by an approver"],
)
async def test_an_approved_change_that_was_not_sent_can_be_stopped(
    world: World, who: str, label: str, state: State
) -> None:
    card, fault = await waiting_for_turso(world, name := f"stopped-{label.lower()}")
    shown = await world.wait_for_content(card, button=label)

    await world.person(who).presses(label, shown)
    if label == "Deny":
        await world.person(who).submits({"comment": "no"})
    await stage.reaches(world, card, state)
    world.turso.faults.remove(fault)
    await world.wait_until_idle()

    assert not world.changes("DELETE", f"/{name}")


async def test_an_approval_that_is_too_old_does_not_start_the_change(world: World) -> None:
    card, fault = await waiting_for_turso(world, "too-old")
    shown = await world.wait_for_content(card, holding="can't start yet")
    assert "Withdraw" in words(shown)

    await world.pass_time(hours=1, minutes=1)
    await stage.reaches(world, card, State.EXPIRED)
    world.turso.faults.remove(fault)
    await world.wait_until_idle()

    assert "couldn't start in time" in words(world.current(card))
    await until(lambda: requester_is_notified(world, "couldn't start in time"), what="the notice to the requester")
    assert not world.changes("DELETE", "/too-old")


def requester_is_notified(world: World, holding: str) -> bool:
    """Return True if the card's thread has a message that mentions the requester and contains `holding`."""
    posted = world.workspace.state.messages.get(DB_OPS, {}).values()
    return any(one.thread_ts and holding in words(one) and DANA in words(one) for one in posted)


@pytest.mark.parametrize("name", ["ceiling added", "out of the groups", "channel shared"])
async def test_a_loss_between_the_vote_and_the_start_stops_the_change(
    world: World, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = f"between-{len(name)}"
    await world.create_databases(database)
    card = await world.person(DANA).types(f"/turso db destroy {database} --now --reason tidy")
    real = presses.start_approved
    with ExitStack() as lasting:

        async def lose_first(*arguments: Any) -> Any:
            lasting.enter_context(lost.LOSSES[name](world, ANA))
            return await real(*arguments)

        monkeypatch.setattr(votes, "start_approved", lose_first)
        await world.person(ANA).presses("Approve", card)
        found = await stage.reaches(world, card, State.STALE)
        await world.wait_until_idle()
    lost.clear_caches(world)

    assert "Nothing was changed" in found.outcome
    assert not world.changes("DELETE", f"/{database}")
