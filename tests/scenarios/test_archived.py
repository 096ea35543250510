"""The card of a request that ended while its channel was archived is updated when a person presses a button."""

import pytest

from bot.core.requests.request import State
from bot.sandbox.workspace.model import Message
from tests.scenarios import forging
from tests.security import stage
from tests.world import ANA, BEN, DANA, DB_OPS, World, buttons, until, words

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def pressed(world: World, person_id: str, label: str, card: Message) -> Message:
    """Press a button of the current version of a card, and return the private answer, wherever it is posted."""
    return await forging.forge_press(world, person_id, label, world.current(card))


async def test_a_press_on_the_card_of_a_request_that_expired_meanwhile_is_answered_and_updates_it(world: World) -> None:
    await world.create_databases("shelved")
    card = await world.person(DANA).types("/turso rotate shelved --reason leak", holding="shelved")
    await world.wait_until_idle()
    await world.workspace.admin.archive(DB_OPS)
    refused = await pressed(world, ANA, "Approve", card)
    assert refused.channel_id.startswith("D"), "nothing can be posted in an archived channel"
    assert "archived" in words(refused)
    assert "Approve" in buttons(world.current(card))

    await world.pass_time(hours=25)
    await stage.reaches(world, card, State.EXPIRED)
    await world.wait_until_idle()
    told = [words(one) for one in forging.private_messages(world, DANA)]
    assert any("shelved" in one and "expired" in one for one in told), "the requester is notified all the same"
    late = await pressed(world, ANA, "Approve", card)
    assert "Too late" in words(late)
    await world.workspace.admin.unarchive(DB_OPS)
    assert "Approve" in buttons(world.current(card))

    answer = await pressed(world, ANA, "Deny", card)

    assert "Too late" in words(answer)
    assert answer.channel_id == DB_OPS
    updated = await world.wait_for_content(card, holding="No one approved or denied it in time")
    assert not {"Approve", "Deny", "Withdraw", "Remind"} & set(buttons(updated))


async def test_a_press_on_the_card_of_a_freeze_that_ended_meanwhile_updates_it(world: World) -> None:
    await world.create_databases("iced")
    ben = world.person(BEN)
    question = await ben.types("/turso freeze iced --for 30m")
    await ben.presses("Freeze writes", question)
    card = await until(lambda: world.card(holding="Writes to *iced* are blocked"), what="the freeze")
    await world.wait_until_idle()
    assert "Thaw" in buttons(card)
    await world.workspace.admin.archive(DB_OPS)
    await world.pass_time(minutes=31)
    end = "The freeze on `iced` has ended"
    await until(lambda: [one for one in forging.private_messages(world, BEN) if end in words(one)], what="the thaw")
    await world.wait_until_idle()
    await world.workspace.admin.unarchive(DB_OPS)

    answer = await pressed(world, BEN, "Thaw", card)

    assert "nothing to thaw" in words(answer)
    updated = await world.wait_for_content(card, holding="has ended")
    assert "Thaw" not in buttons(updated)
