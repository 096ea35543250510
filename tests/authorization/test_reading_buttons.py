"""A button that only reads is refused to people outside its channel, too."""

import pytest

from tests.authorization import lost
from tests.scenarios import forging
from tests.world import REMY, World, words

pytestmark = pytest.mark.asyncio(loop_scope="module")
OWN_POLICY = lost.POLICY


async def test_a_button_that_only_reads_is_refused_outside_its_channel(world: World) -> None:
    await world.create_databases("previewed")

    with lost.out_of_the_channel(world, REMY):
        lost.clear_caches(world)
        answer = await forging.answer_to(
            world, REMY, forging.forge_click(world, REMY, "run.1", "show previewed --private")
        )
        assert "must both be in that channel" in words(answer)
