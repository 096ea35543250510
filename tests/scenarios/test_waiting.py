"""Open requests are listed in `requests` and on Home, with their buttons, but only for the people concerned."""

from functools import partial

import pytest

from bot.core.requests.request import State
from tests.scenarios import forging
from tests.scenarios.policies import TWO_APPROVERS
from tests.scenarios.requesting import make_request, stored
from tests.world import ANA, DANA, GIL, STELLA, World, buttons, until, words

pytestmark = pytest.mark.asyncio(loop_scope="module")

OWN_POLICY = TWO_APPROVERS


async def test_my_requests_can_be_withdrawn_from_the_list(world: World) -> None:
    card = await make_request(world, "/turso rotate {} --reason leak")
    dana = world.person(DANA)
    found = await stored(world, card)

    listed = await dana.types("/turso requests --mine")
    assert listed.only_for == DANA
    assert found.id in words(listed)
    answer = await forging.answer_to(
        world, DANA, forging.forge_click(world, DANA, "approval.withdraw", found.id, message=listed)
    )

    assert "Withdrawn" in words(answer)
    assert (await stored(world, card)).state is State.CANCELLED


async def test_only_approvers_get_buttons_for_requests_that_wait_for_an_approver(world: World) -> None:
    card = await make_request(world, "/turso rotate {} --reason leak")
    found = await stored(world, card)

    listed = await world.person(ANA).types("/turso requests --to-approve")
    empty = await world.person(DANA).types("/turso requests --to-approve")

    assert found.id in words(listed)
    assert {"Approve", "Deny"} <= set(buttons(listed))
    assert found.id not in words(empty)
    assert "Approve" not in buttons(empty)


async def test_home_has_the_same_buttons_and_its_answers_are_private(world: World) -> None:
    card = await make_request(world, "/turso rotate {} --reason leak")
    found = await stored(world, card)

    await world.workspace.open_home(ANA)
    home = await until(lambda: world.workspace.home_of(ANA), what="Home")
    assert {"Approve", "Deny"} <= set(buttons(home))
    rows = [block for block in home.blocks if found.id in {one.get("value") for one in block.get("elements", [])}]
    assert rows, "Home lists the newest request"
    press = world.workspace.click(ANA, view_id=home.id, action_id="approval.approve", block_id=rows[0]["block_id"])
    answer = await forging.answer_to(world, ANA, press)

    assert "1 of 2" in words(answer)
    assert [vote.user_id for vote in (await stored(world, card)).votes] == [ANA]


async def test_home_shows_no_request_to_guests_and_outsiders(world: World) -> None:
    await make_request(world, "/turso rotate {} --reason leak")

    for person in (GIL, STELLA):
        await world.workspace.open_home(person)
        home = await until(partial(world.workspace.home_of, person), what="Home")
        assert "Approve" not in buttons(home)
        assert "db-" not in words(home)
