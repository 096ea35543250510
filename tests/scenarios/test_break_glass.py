"""Break-glass: an operation starts without approval, with one card, and another person reviews it afterwards."""

import pytest

from tests.scenarios import forging
from tests.world import BEN, DANA, INCIDENT, REMY, World, buttons, until, words

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_an_operation_without_approval_has_one_card_and_is_reviewed_by_another_person(world: World) -> None:
    await world.create_databases("broken")
    ben, remy = world.person(BEN), world.person(REMY)
    await remy.types("/turso incident start INC-7", INCIDENT)

    await world.workspace.say(BEN, INCIDENT, "/turso db destroy broken --now --reason fire")
    card = await until(lambda: world.card(INCIDENT, holding="*broken* was destroyed"), what="the card")
    await world.wait_until_idle()

    cards = [one for one in world.workspace.history(INCIDENT, None) if "Review" in buttons(one)]
    assert [one.ts for one in cards] == [card.ts], "there is one card, and it shows the outcome"
    assert "fire" in words(card)
    assert card.thread_ts is None
    assert len(world.changes("DELETE", "/databases/broken")) == 1
    assert "can't review your own break-glass operation" in words(await ben.presses_and_reads("Review", card))

    await remy.presses("Review", card)
    values = {"verdict": "yes", "comment": "the primary was on fire"}
    submitted = remy.submits(values, await remy.modal("Was it justified?"))
    await forging.answer_to(world, REMY, submitted, holding="Review recorded")

    reviewed = await world.wait_for_content(card, holding="the primary was on fire")
    assert "Review" not in buttons(reviewed)


async def test_without_a_reason_a_form_asks_for_it_and_nothing_is_destroyed(world: World) -> None:
    await world.create_databases("calm-db")

    await world.workspace.say(BEN, INCIDENT, "/turso db destroy calm-db --now")
    form = await world.person(BEN).modal("without approval")
    await world.wait_until_idle()

    assert "Reason" in words(form)
    assert not world.changes("DELETE", "/databases/calm-db")
    await world.workspace.close_view(BEN, form.id)


async def test_a_person_who_is_not_a_dba_cannot_use_break_glass(world: World) -> None:
    await world.create_databases("quiet-db")

    answer = await world.person(DANA).types("/turso db destroy quiet-db --now --reason fire", INCIDENT)

    await world.wait_until_idle()
    assert answer.only_for == DANA
    assert "Only dba can use `destroy quiet-db --now` here" in words(answer)
    assert not world.changes("DELETE", "/databases/quiet-db")
