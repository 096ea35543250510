"""After each decision about a branch, the cards about its end show the new state, and only buttons that still work."""

import asyncio

import pytest

from bot.pipeline.replies import entry
from bot.sandbox.workspace.model import Message
from tests.scenarios.test_branches import OWN_POLICY as OWN_POLICY
from tests.scenarios.test_branches import announced, branched, direct, stored
from tests.world import ANA, DANA, World, buttons, until, words

pytestmark = pytest.mark.asyncio(loop_scope="module")
ENDS = {"Extend", "Keep", "Destroy now"}


async def cards(world: World, name: str) -> tuple[Message, Message]:
    """Create a branch, and return the announcement of its end in the channel and the one to its owner."""
    await branched(world, name)
    said = await announced(world, name)
    await world.wait_until_idle()
    (mine,) = direct(world, DANA, f"`{name}`")
    assert set(buttons(said)) >= ENDS
    assert set(buttons(mine)) >= ENDS
    return said, mine


async def show(world: World, both: tuple[Message, Message], holding: str, *, has: set[str] | None = None) -> None:
    """Wait until both cards contain `holding`, and assert that they have only the buttons in `has`, or none."""
    for one in both:
        now = await world.wait_for_content(one, holding=holding)
        assert set(buttons(now)) == (has or set())


async def test_after_extend_the_cards_show_the_new_end_and_who_moved_it(world: World) -> None:
    both = await cards(world, "ends-further")
    await world.person(ANA).presses_and_reads("Extend", both[0])
    await show(world, both, "now ends")
    assert f"<@{ANA}>" in words(world.current(both[1]))


async def test_after_keep_the_cards_say_that_the_branch_stays(world: World) -> None:
    both = await cards(world, "ends-never")
    await world.person(DANA).presses_and_reads("Keep", both[1])
    await show(world, both, "will be kept. It no longer has an end date")


async def test_the_cards_show_a_pending_destroy_until_it_is_withdrawn(world: World) -> None:
    both = await cards(world, "asks-twice")
    await world.person(DANA).presses("Destroy now", both[0])
    card = await until(lambda: world.card(holding="wants to destroy `asks-twice`"), what="the card")
    await show(world, both, "has asked to destroy it", has={"Extend", "Keep"})

    await world.person(DANA).presses("Withdraw", card)
    await until(lambda: set(buttons(world.current(both[0]))) >= ENDS, what="the buttons again")
    await world.wait_until_idle()
    await show(world, both, "ends", has=ENDS)


async def test_the_cards_show_a_pending_destroy_until_its_requester_cancels_it(world: World) -> None:
    both = await cards(world, "ends-not")
    question = await world.person(DANA).presses_and_reads("Destroy now", both[0])
    await show(world, both, "has asked to destroy it", has={"Extend", "Keep"})
    await world.person(DANA).presses("Cancel", question)
    await until(lambda: all(set(buttons(world.current(one))) >= ENDS for one in both), what="the buttons again")


async def test_the_cards_show_a_quarantine_and_its_undo_and_after_a_press_that_the_branch_is_gone(world: World) -> None:
    both = await cards(world, "ends-anyhow")
    question = await world.person(DANA).types("/turso destroy ends-anyhow")
    await world.person(DANA).presses("Destroy", question)
    await world.person(DANA).submits({"typed_name": "ends-anyhow"})
    card = await until(lambda: world.card(holding="*ends-anyhow* is in quarantine"), what="the quarantine")
    await show(world, both, "is in quarantine")

    await world.person(DANA).presses("Undo", card)
    await until(lambda: world.card(holding="*ends-anyhow* was restored"), what="the undo")
    await until(lambda: set(buttons(world.current(both[0]))) >= ENDS, what="the buttons again")

    assert (await world.call_turso("DELETE", "/databases/ends-anyhow")).status_code == 200
    heard = await world.person(DANA).presses_and_reads("Keep", both[0])
    assert "no longer exists" in words(heard)
    await show(world, both, "no longer exists")


async def test_after_the_end_of_a_branch_the_cards_have_no_buttons(world: World) -> None:
    await asyncio.gather(branched(world, "ends-there"), branched(world, "stays-there"))
    ends = await announced(world, "ends-there")
    stays = await until(lambda: world.card(holding="the branch `stays-there`"), what="the other announcement")
    await world.pass_time(days=1)
    assert not buttons(await world.wait_for_content(ends, holding="is in quarantine"))
    assert not buttons(await world.wait_for_content(stays, holding="It will be kept until someone destroys it"))


async def test_a_press_while_the_quarantine_is_requested_is_answered_with_every_way_to_keep_it(world: World) -> None:
    """Whether the quarantine will need approval isn't known yet, so there may be a request or a quarantine to stop."""
    assert world.bot is not None
    before = await branched(world, "ends-now")
    said = await announced(world, "ends-now")
    begun = entry("branch_ended", "begun", at=before.created_at, databases=["ends-now"])
    assert await world.bot.store.branches.begin_end(await stored(world, "ends-now"), begun)

    for label in ("Keep", "Extend"):
        heard = await world.person(DANA).presses_and_reads(label, said)
        assert "deny or withdraw any request to destroy it" in words(heard)
        assert "on its quarantine card" in words(heard)
