"""Buttons that are pressed in unusual places: by a delegate on Home, and in direct messages."""

import pytest

from bot.core.requests.request import State
from tests.incidents.test_home import home
from tests.scenarios import forging
from tests.scenarios.absences import OWN_POLICY as ABSENCES
from tests.scenarios.absences import away
from tests.scenarios.absences import restored as restored
from tests.scenarios.requesting import make_request, reaches, stored
from tests.world import ANA, BEN, DANA, REMY, World, buttons, words

pytestmark = pytest.mark.asyncio(loop_scope="module")
OWN_POLICY = ABSENCES
LINE = "/turso freeze {} --reason load"


async def press_on_home(world: World, who: str, label: str) -> None:
    view = await home(world, who)
    await world.workspace.click(who, view_id=view.id, action_id=buttons(view)[label]["action_id"], block_id=None)


def direct(world: World, who: str) -> str:
    return world.workspace.state.direct_channel(who).id


async def test_a_delegate_approves_on_home(world: World) -> None:
    await away(world)
    card = await make_request(world, LINE)

    said = await forging.answer_to(world, BEN, press_on_home(world, BEN, "Approve"))

    assert "Approved" in words(said)
    request = await reaches(world, card, State.SUCCEEDED)
    assert [(one.user_id, one.on_behalf_of) for one in request.votes] == [(BEN, ANA)]


async def test_a_delegate_denies_on_home(world: World) -> None:
    await away(world)
    card = await make_request(world, LINE)

    await press_on_home(world, BEN, "Deny")
    await world.person(BEN).submits({"comment": "not now"})

    request = await reaches(world, card, State.DENIED)
    assert [(one.user_id, one.on_behalf_of) for one in request.votes] == [(BEN, ANA)]


async def test_a_delegate_approves_in_a_direct_message(world: World) -> None:
    await away(world)
    card = await make_request(world, LINE)
    request = await stored(world, card)

    pressing = forging.forge_click(world, BEN, "approval.approve", request.id, channel=direct(world, BEN))
    said = await forging.answer_to(world, BEN, pressing)

    assert "Approved" in words(said)
    await reaches(world, card, State.SUCCEEDED)


async def test_someone_whose_delegation_is_over_is_refused_in_a_direct_message(world: World) -> None:
    await away(world, until_="30m")
    card = await make_request(world, LINE)
    request = await stored(world, card)
    await world.pass_time(minutes=31)

    pressing = forging.forge_click(world, BEN, "approval.approve", request.id, channel=direct(world, BEN))

    assert "You aren't an approver" in words(await forging.answer_to(world, BEN, pressing))
    assert (await stored(world, card)).state is State.PENDING


async def test_only_the_requester_reminds_also_in_a_direct_message(world: World) -> None:
    await away(world)
    request = await stored(world, await make_request(world, LINE))

    for who, says in ((BEN, "Only the requester"), (REMY, "Only the requester"), (DANA, "The reminder was sent")):
        pressing = forging.forge_click(world, who, "approval.remind", request.id, channel=direct(world, who))
        assert says in words(await forging.answer_to(world, who, pressing)), who


@pytest.mark.parametrize("action_id", ["run.1", "run.8", "page.1"])
@pytest.mark.parametrize("line", ["show orders", "freeze orders", "ls --page 2", "incident status"])
async def test_a_button_that_runs_a_command_in_a_direct_message_says_where_to_use_it(
    world: World, action_id: str, line: str
) -> None:
    pressing = forging.forge_click(world, DANA, action_id, line, channel=direct(world, DANA))

    said = words(await forging.answer_to(world, DANA, pressing))

    assert "Direct messages only support help, whoami and Home. Use a channel for everything else." in said
