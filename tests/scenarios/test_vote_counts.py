"""The card, the lists and the answer to the next vote agree on how many approvals a request has."""

from typing import Any

import pytest

from bot.core.requests.request import State
from bot.pipeline.outcomes.request_cards import refresh_cards
from tests.authorization.lost import a_guest, clear_caches, deactivated, out_of_the_channel
from tests.incidents.test_home import home
from tests.scenarios.absences import OWN_POLICY as OWN_POLICY
from tests.scenarios.absences import away
from tests.scenarios.absences import restored as restored
from tests.scenarios.requesting import make_request, reaches, stored
from tests.world import ANA, BEN, DANA, REMY, World, marked_up, set_policy, words

pytestmark = pytest.mark.asyncio(loop_scope="module")
LINE = "/turso db protect {} on --reason due"
THREE = OWN_POLICY.replace("quorum: 2", "quorum: 3").replace("users: [U0DANA]", "users: [U0DANA, U0BEN]")
BEN_TOO = OWN_POLICY.replace("dba: {users: [U0ANA]", "dba: {users: [U0ANA, U0BEN]")


async def vote(world: World, who: str, card: Any) -> str:
    """Press Approve, and return the private answer."""
    return words(await world.person(who).presses_and_reads("Approve", card))


async def counts(world: World, card: Any, who: str) -> list[str]:
    """Return the current texts of the card, and of `/turso requests`, `/turso` and Home as a person sees them."""
    waiting = [await world.person(who).types(line, holding="approvals") for line in ("/turso requests", "/turso")]
    return [*map(marked_up, (world.current(card), *waiting)), marked_up(await home(world, who))]


async def test_a_delegate_who_becomes_an_approver_counts_once_and_for_themselves(world: World) -> None:
    await away(world)
    card = await make_request(world, LINE, by=REMY)
    assert "1 of 2 approvals so far." in await vote(world, BEN, card)
    set_policy(world, BEN_TOO)

    assert world.bot is not None
    await refresh_cards(world.bot.env, await stored(world, card))

    for shown in await counts(world, card, DANA):
        assert f"1 of 2 approvals (<@{BEN}>)" in shown
    assert f"Needs 1 more approval: <@{ANA}> or <@{DANA}>." in marked_up(world.current(card))
    await world.person(ANA).presses("Approve", card)
    await reaches(world, card, State.SUCCEEDED)


async def test_a_delegate_and_their_approver_are_shown_as_one_approval(world: World) -> None:
    await away(world)
    card = await make_request(world, LINE, by=REMY)
    await vote(world, BEN, card)

    assert "1 of 2 approvals so far." in await vote(world, ANA, card)

    for shown in await counts(world, card, DANA):
        assert f"1 of 2 approvals (<@{BEN}> (for <@{ANA}>))" in shown
    assert f"Needs 1 more approval: <@{DANA}>." in marked_up(world.current(card))


@pytest.mark.parametrize("loss", [deactivated, a_guest, out_of_the_channel])
async def test_the_vote_of_a_person_who_can_no_longer_approve_is_counted_nowhere(world: World, loss: Any) -> None:
    set_policy(world, THREE)
    card = await make_request(world, LINE, by=REMY)
    await vote(world, ANA, card)

    with loss(world, ANA):
        clear_caches(world)
        assert "1 of 3 approvals so far." in await vote(world, BEN, card)
        await world.wait_until_idle()
        found = await counts(world, card, DANA)
    clear_caches(world)

    for shown in found:
        assert f"1 of 3 approvals (<@{BEN}>)" in shown


@pytest.mark.parametrize("quorum", [2, 3], ids=["fewer", "more"])
async def test_the_number_that_the_rules_require_now_is_shown(world: World, quorum: int) -> None:
    set_policy(world, THREE if quorum == 2 else OWN_POLICY)
    card = await make_request(world, LINE, by=REMY)
    set_policy(world, OWN_POLICY if quorum == 2 else THREE)

    assert f"1 of {quorum} approvals so far." in await vote(world, ANA, card)

    for shown in await counts(world, card, DANA):
        assert f"1 of {quorum} approvals (<@{ANA}>)" in shown
