"""The end of a freeze or quarantine only unblocks. It never blocks what a person has unblocked in Turso's dashboard."""

import asyncio

import pytest

from bot.core.records.holds import HoldKind
from bot.core.requests.request import Request, State
from tests.scenarios import quarantines as q
from tests.security import stage
from tests.world import ANA, DANA, DB_OPS, World, buttons, until, words

pytestmark = pytest.mark.asyncio(loop_scope="module")
OWN_POLICY = q.POLICY.replace("[read, create]", "[read, create, freeze, thaw]")


async def freeze(world: World, name: str, options: str = "--for 30m") -> None:
    """Freeze a database, and wait until it is frozen."""
    done = f"*{name}* are blocked"
    await world.person(DANA).types(f"/turso freeze {name} {options} --reason load")
    await until(lambda: world.card(holding=done), what="the freeze")
    await world.wait_until_idle()


async def expire(world: World, name: str, **delta: float) -> str:
    """Let the freeze expire, and return the message about it."""
    await world.pass_time(**delta)
    message = await until(lambda: world.card(holding=f"The freeze on `{name}` has ended"), what="the end of the freeze")
    await world.wait_until_idle()
    return words(message)


async def test_a_freeze_of_a_blocked_database_ends_unblocked_if_others_unblocked_it_since(world: World) -> None:
    await world.create_databases("found")
    await q.configuration(world, "found", block_reads=True, block_writes=True)
    await freeze(world, "found")
    await q.configuration(world, "found", block_reads=False, block_writes=False)

    answer = await expire(world, "found", minutes=31)

    assert await q.configuration(world, "found") == (False, False)
    assert "is unblocked" in answer
    assert await q.holds(world, "found") == []


async def test_a_block_that_an_earlier_freeze_found_does_not_outlast_a_later_freeze(world: World) -> None:
    await world.create_databases("later")
    await q.configuration(world, "later", block_writes=True)
    await freeze(world, "later")
    assert "writes are still blocked" in await expire(world, "later", minutes=31)
    assert await q.holds(world, "later") == [], "the bot no longer keeps the block that the freeze found"
    await q.configuration(world, "later", block_writes=False)

    await freeze(world, "later", "--for 45m")
    await world.pass_time(minutes=46)
    await world.wait_until_idle()

    await until(lambda: len(q.public_texts(world, "The freeze on `later` has ended")) == 2, what="the second end")
    assert await q.configuration(world, "later") == (False, False)


async def test_a_block_that_others_set_during_a_freeze_stays(world: World) -> None:
    await world.create_databases("during")
    await freeze(world, "during")
    await q.configuration(world, "during", block_reads=True)

    assert "reads are still blocked" in await expire(world, "during", minutes=31)

    assert await q.configuration(world, "during") == (True, False)


async def test_after_two_freezes_that_end_at_the_same_time_nothing_is_blocked(world: World) -> None:
    await world.create_databases("both")
    await freeze(world, "both")
    await world.person(DANA).types("/turso freeze both --reads --for 30m --reason more")
    await until(lambda: world.card(holding="Reads and writes to *both*"), what="the second freeze")
    await world.wait_until_idle()

    await expire(world, "both", minutes=31)

    await until(lambda: len(q.public_texts(world, "The freeze on `both` has ended")) == 2, what="the end of both")
    assert await q.configuration(world, "both") == (False, False)
    assert not await q.holds(world, "both")


async def test_undo_and_a_later_freeze_leave_the_blocks_from_before_the_quarantine(world: World) -> None:
    await world.create_databases("undone")
    await q.configuration(world, "undone", block_writes=True)
    card = await q.request_destroy(world, "undone")
    await world.person(ANA).presses_and_reads("Approve", card)
    await stage.reaches(world, card, State.QUARANTINED)
    await freeze(world, "undone", "--for 2h")
    await q.configuration(world, "undone", block_reads=False)

    await world.person(DANA).presses_and_reads("Undo", await world.wait_for_content(card, button="Undo"))
    await stage.reaches(world, card, State.RESTORED)

    assert await q.configuration(world, "undone") == (False, True)
    assert {one.kind for one in await q.holds(world, "undone")} == {HoldKind.FREEZE, HoldKind.FOUND}
    assert "writes are still blocked" in await expire(world, "undone", minutes=121)
    assert await q.configuration(world, "undone") == (False, True), "others had blocked it before the quarantine"


async def test_undo_does_not_block_again_what_others_have_unblocked_since(world: World) -> None:
    await world.create_databases("opened")
    await q.configuration(world, "opened", block_writes=True)
    card = await q.request_destroy(world, "opened")
    await world.person(ANA).presses_and_reads("Approve", card)
    await stage.reaches(world, card, State.QUARANTINED)
    await q.configuration(world, "opened", block_reads=False, block_writes=False)

    await world.person(DANA).presses_and_reads("Undo", await world.wait_for_content(card, button="Undo"))
    await stage.reaches(world, card, State.RESTORED)

    assert await q.configuration(world, "opened") == (False, False)


async def test_a_manual_thaw_unblocks_and_blocks_nothing(world: World) -> None:
    await world.create_databases("thawed")
    await q.configuration(world, "thawed", block_reads=True)
    await freeze(world, "thawed")
    await q.configuration(world, "thawed", block_reads=False)

    await world.person(DANA).types("/turso thaw thawed")
    await until(lambda: world.card(holding="*thawed* is unblocked"), what="the thaw")

    assert await q.configuration(world, "thawed") == (False, False)
    assert not await q.holds(world, "thawed")


@pytest.mark.parametrize("ends", ["thaw by hand", "its time"])
async def test_the_card_of_a_freeze_says_that_it_has_ended(world: World, ends: str) -> None:
    """The card then has no Thaw button, because there is nothing to thaw."""
    name = f"over-{ends.split()[0]}"
    await world.create_databases(name)
    await freeze(world, name)
    card = world.card(holding=f"*{name}* are blocked")
    assert card is not None
    assert "Thaw" in buttons(card)

    if ends == "its time":
        await expire(world, name, minutes=31)
    else:
        await world.person(DANA).types(f"/turso thaw {name}")

    await until(lambda: "has ended" in words(world.current(card)), what="the end")
    assert "Thaw" not in buttons(world.current(card))


async def waiting(world: World) -> Request:
    """Wait for an approved request that can't start yet and says why, and return it."""
    assert world.bot is not None
    async with asyncio.timeout(30):
        while not (
            found := [one for one in await world.bot.store.requests.find(states=[State.APPROVED]) if one.outcome]
        ):
            await asyncio.sleep(0.02)
    return found[0]


async def test_a_freeze_starts_only_after_turso_has_reported_what_is_blocked(world: World) -> None:
    """If the bot didn't know what others had blocked, a thaw would unblock that, too."""
    await world.create_databases("silent")
    await q.configuration(world, "silent", block_reads=True)
    path = "/v1/organizations/acme/databases/silent/configuration"
    fault = world.turso.faults.add("status", method="GET", path=path, status=200, body="{}", count=None)
    before = len(world.changes("PATCH", "silent/configuration"))
    try:
        await world.workspace.say(DANA, DB_OPS, "/turso freeze silent --for 30m --reason load")
        waits = await waiting(world)
        assert "can't start yet. Turso doesn't say whether `silent` is blocked" in waits.outcome
        assert len(world.changes("PATCH", "silent/configuration")) == before
        assert not await q.holds(world, "silent")
    finally:
        world.turso.faults.remove(fault.id)

    await until(lambda: world.card(holding="*silent* are blocked"), what="the freeze")
    await world.wait_until_idle()
    assert "reads are still blocked" in await expire(world, "silent", minutes=31)
    assert await q.configuration(world, "silent") == (True, False)
