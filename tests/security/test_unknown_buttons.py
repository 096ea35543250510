"""A press of a button that doesn't exist is decided like any other press."""

import pytest

from tests.scenarios import forging
from tests.security import stage
from tests.world import DANA, GIL, STELLA, World, words

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize("person", [GIL, STELLA], ids=["a guest", "an outsider"])
async def test_people_without_any_access_are_refused(world: World, person: str) -> None:
    answer = await stage.answer_to(world, person, forging.forge_click(world, person, "no.such.button", "r-1"))

    assert "You can't use this." in words(answer)
    assert "/turso" not in words(answer), "they can do nothing there"
    assert world.bot is not None
    ((_, entry), *_) = await world.bot.store.audit.page(before_seq=None, limit=1, user_id=person)
    assert (entry.event, entry.outcome) == ("refused", "denied")


async def test_everyone_else_is_told_what_to_use_instead(world: World) -> None:
    answer = await stage.answer_to(world, DANA, forging.forge_click(world, DANA, "no.such.button", "r-1"))

    assert "no longer works" in words(answer)
