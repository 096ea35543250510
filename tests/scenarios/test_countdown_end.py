"""At the end of a countdown, the bot checks the database, the people and the rules before it destroys it."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import pytest

from bot.core.records.holds import HoldKind
from bot.core.requests.request import State
from bot.pipeline.quarantine import countdown
from bot.sandbox.workspace.model import Message
from tests.scenarios import quarantines as q
from tests.security import stage
from tests.world import ANA, BEN, DANA, DB_OPS, World, buttons, set_policy, until, words

pytestmark = pytest.mark.asyncio(loop_scope="module")
OWN_POLICY = q.POLICY
CEILING = 'ceiling:\n  deny:\n    - {commands: [destroy], databases: ["law-*"]}\n'
Change = Callable[[World, str], Awaitable[Any]]


def at_dashboard(**changes: bool) -> Change:
    async def change(world: World, name: str) -> None:
        await q.configuration(world, name, **changes)

    return change


async def gone(world: World, name: str) -> None:
    await q.call_turso(world, "DELETE", name)


async def recreated(world: World, name: str) -> None:
    await gone(world, name)
    await world.create_databases(name)


async def released(world: World, name: str) -> None:
    assert world.bot is not None
    (hold,) = await q.holds(world, name)
    await world.bot.store.holds.release(hold.id, world.clock.now())


DIFFERENT: dict[str, tuple[Change, str, int, tuple[bool, bool] | None]] = {
    "reads unblocked": (at_dashboard(block_reads=False), "unblocked reads", 0, (False, False)),
    "writes unblocked": (at_dashboard(block_writes=False), "unblocked writes", 0, (False, False)),
    "both unblocked": (
        at_dashboard(block_reads=False, block_writes=False),
        "unblocked reads and writes",
        0,
        (False, False),
    ),
    "protected": (at_dashboard(delete_protection=True), "elete protection", 0, (False, False)),
    "gone": (gone, "no longer exists", 1, None),
    "recreated": (recreated, "now belongs to a different database", 1, (False, False)),
    "its hold released": (released, "ended before the countdown", 0, (True, True)),
}
"""By label: a change, what the outcome says, how many calls destroy the database, and the blocks afterwards."""


async def test_a_database_that_changed_during_the_quarantine_is_not_destroyed(world: World) -> None:
    names = {label: f"alpha-{label.replace(' ', '-')}" for label in DIFFERENT}
    cards = {label: await q.quarantined(world, name) for label, name in names.items()}
    for label, (change, *_) in DIFFERENT.items():
        await change(world, names[label])

    await world.pass_time(hours=25)

    for label, (_, says, deletes, blocks) in DIFFERENT.items():
        card, name = cards[label], names[label]
        request = await stage.reaches(world, card, State.STALE)
        message = await world.wait_for_content(card, holding=says)
        assert "Nothing was destroyed" in words(message), label
        assert "Undo" not in buttons(message), label
        notice = await until(partial(q.notice_below, world, card, says))
        assert f"<@{DANA}>" in notice, label
        assert f"<@{ANA}>" in notice, f"{label}: the approver is notified as well"
        assert q.destroyed(world, name) == deletes, f"{label}: only the test destroyed it"
        assert not await q.holds(world, name), label
        assert blocks is None or await q.configuration(world, name) == blocks, label
        ends = [(one.event, one.outcome) for one in await q.audited(world, request)]
        assert ends[-1] == ("finished", "stale"), label


async def test_a_database_that_did_not_change_during_the_quarantine_is_destroyed(world: World) -> None:
    card = await q.quarantined(world, "bravo")

    await world.pass_time(hours=25)

    await stage.reaches(world, card, State.SUCCEEDED)
    assert q.destroyed(world, "bravo") == 1
    assert not await q.holds(world, "bravo")


async def forbid(world: World) -> None:
    set_policy(world, OWN_POLICY.replace("channels:", f"{CEILING}channels:"))


async def drop_rule(world: World) -> None:
    set_policy(world, OWN_POLICY.replace("destroy, ", ""))


def leaves(person: str) -> Callable[[World], Awaitable[None]]:
    async def leave(world: World) -> None:
        world.workspace.people[person].deleted = True

    return leave


async def share(world: World) -> None:
    world.workspace.state.channels[DB_OPS].is_ext_shared = True


async def restore_all(world: World) -> None:
    assert world.bot is not None
    set_policy(world, OWN_POLICY)
    for person in (DANA, ANA):
        world.workspace.people[person].deleted = False
        world.bot.health.directory.forget({"type": "user_change", "user": person})
    world.workspace.state.channels[DB_OPS].is_ext_shared = False
    world.bot.health.directory.forget({"type": "channel_shared", "channel": DB_OPS})


REFUSED = {
    "the ceiling forbids it": (forbid, "in every channel"),
    "the rule is gone": (drop_rule, "You can't use `destroy"),
    "the requester has left": (leaves(DANA), "This account is deactivated"),
    "the approver has left": (leaves(ANA), "approved this"),
    "the channel is shared": (share, "is shared with another organization"),
}
"""By label: what changes during the countdown, and what the outcome says."""


@pytest.mark.parametrize("label", REFUSED)
async def test_a_destroy_that_the_rules_no_longer_allow_leaves_the_database_in_quarantine(
    world: World, label: str
) -> None:
    lose, says = REFUSED[label]
    name = f"law-{label.replace(' ', '-')}"
    card = await q.quarantined(world, name)
    await lose(world)
    try:
        await world.pass_time(hours=25)
        request = await rests(world, card)
        await world.wait_until_idle()
    finally:
        await restore_all(world)

    assert q.destroyed(world, name) == 0
    assert await q.configuration(world, name) == (True, True)
    assert [one.kind for one in await q.holds(world, name)] == [HoldKind.QUARANTINE]
    ends = [(one.event, one.outcome) for one in await q.audited(world, request)]
    assert ends[-1] == ("finished", "denied")
    assert "wasn't destroyed when the countdown ended" in request.outcome
    assert says in request.outcome
    await world.pass_time(hours=48)
    await world.wait_until_idle()
    assert q.destroyed(world, name) == 0, "no countdown is running"


async def rests(world: World, card: Message) -> Any:
    """Wait until a quarantine has no countdown any more, and return its request."""
    request = await stage.request_of(world, card)
    for _ in range(1500):
        found = await q.state(world, request)
        if found.is_indefinite:
            return found
        await asyncio.sleep(0.02)
    raise AssertionError(f"the countdown is still running: {found}")


async def refused(world: World, name: str) -> Message:
    """Let the policy's ceiling deny the destroy at the end of a countdown, remove the ceiling, and return the card."""
    card = await q.quarantined(world, name)
    await forbid(world)
    await world.pass_time(hours=25)
    await rests(world, card)
    await world.wait_until_idle()
    set_policy(world, OWN_POLICY)
    return world.current(card)


async def test_people_are_notified_of_a_refused_destroy_and_undo_works(world: World) -> None:
    card = await refused(world, "law-undo")

    assert "wasn't destroyed" in words(card)
    assert {"Undo", "Ask again"} <= set(buttons(card))
    assert "Nothing else will happen automatically" in words(card)
    notice = next(one for one in q.below(world, card) if "wasn't destroyed" in one)
    assert f"<@{DANA}>" in notice
    assert f"<@{ANA}>" in notice
    assert "Undo" in notice
    await world.person(ANA).presses_and_reads("Undo", card)
    await stage.reaches(world, card, State.RESTORED)
    assert await q.configuration(world, "law-undo") == (False, False)
    assert not await q.holds(world, "law-undo")


async def test_requesting_the_destroy_again_starts_a_new_countdown(world: World) -> None:
    card = await refused(world, "law-again")
    old = await stage.request_of(world, card)

    again = await world.person(DANA).types(f"/turso {old.line}")
    assert "new quarantine" in words(again)
    await world.person(BEN).presses_and_reads("Approve", again)

    new = await stage.reaches(world, again, State.QUARANTINED)
    assert (await q.state(world, old)).state is State.STALE
    assert new.id in words(await world.wait_for_content(card, holding="replaced by another quarantine"))
    assert [one.request_id for one in await q.holds(world, "law-again")] == [new.id]
    await world.wait_until_idle()
    await until(
        lambda: any("replaced by another quarantine" in one for one in q.below(world, card)),
        what="the notice about the new quarantine",
    )
    await world.pass_time(hours=25)
    await stage.reaches(world, again, State.SUCCEEDED)
    assert q.destroyed(world, "law-again") == 1


async def test_destroying_the_database_at_once_ends_the_quarantine_too(world: World) -> None:
    card = await refused(world, "law-now")

    at_once = await q.request_destroy(world, "law-now", now=True)
    await world.person(BEN).presses_and_reads("Approve", at_once)

    await stage.reaches(world, at_once, State.SUCCEEDED)
    await stage.reaches(world, card, State.STALE)
    assert not await q.holds(world, "law-now")


async def test_a_quarantine_with_a_countdown_is_not_replaced(world: World) -> None:
    card = await refused(world, "law-late")
    old = await stage.request_of(world, card)
    cards = [await q.request_destroy(world, "law-late", by=person) for person in (DANA, BEN)]
    await world.person(ANA).presses_and_reads("Approve", cards[0])
    first = await stage.reaches(world, cards[0], State.QUARANTINED)

    await world.person(ANA).presses_and_reads("Approve", cards[1])

    await stage.reaches(world, cards[1], State.STALE)
    assert first.id in words(await world.wait_for_content(cards[1], holding="already in quarantine"))
    assert (await q.state(world, old)).state is State.STALE
    await world.wait_until_idle()
    await world.person(DANA).presses_and_reads("Undo", await world.wait_for_content(cards[0], button="Undo"))
    await stage.reaches(world, cards[0], State.RESTORED)


LEAVES_OUT = json.dumps({"size_limit": "0", "block_reads": None, "delete_protection": False})
"""A configuration that doesn't report the blocks: one key is null, the other is missing."""


@pytest.mark.parametrize("silent", ["Turso", "Slack", "blocks"])
async def test_while_the_state_is_unknown_nothing_is_destroyed_and_people_are_notified_after_a_while(
    world: World, silent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(countdown, "NOTIFY_AT", 2)
    name = f"charlie-{silent.lower()}"
    card = await q.quarantined(world, name)
    path = f"*/databases/{name}"
    if silent == "Turso":
        fault = world.turso.faults.add("status", method="GET", path=path, status=401, count=None).id
    elif silent == "blocks":
        path, answer = f"{path}/configuration", {"status": 200, "body": LEAVES_OUT}
        fault = world.turso.faults.add("status", method="GET", path=path, count=None, **answer).id
    else:
        fault = world.workspace.faults.add("api_error", "users.info", error="fatal_error")
    try:
        await world.pass_time(hours=25)
        await tries(world, card, 1)
        assert not any("hasn't been destroyed yet" in one for one in q.below(world, card))
        await world.pass_time(minutes=2)
        notice = await until(
            lambda: next((one for one in q.below(world, card) if "hasn't been destroyed yet" in one), None),
            what="the notice",
        )
        assert f"<@{DANA}>" in notice
        assert f"<@{ANA}>" in notice
        assert "Undo" in buttons(world.current(card))
        assert q.destroyed(world, name) == 0
    finally:
        (world.workspace if silent == "Slack" else world.turso).faults.remove(fault)

    await world.pass_time(minutes=30)

    await stage.reaches(world, card, State.SUCCEEDED)
    assert q.destroyed(world, name) == 1


async def tries(world: World, card: Message, number: int) -> None:
    """Wait until the end of a countdown was postponed `number` times."""
    request = await stage.request_of(world, card)
    for _ in range(1500):
        found = [one.outcome for one in await q.audited(world, request) if one.event == "finished"]
        if found.count("postponed") >= number:
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"not postponed {number} times: {found}")
