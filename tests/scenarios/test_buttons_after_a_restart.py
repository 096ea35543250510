"""Buttons in messages of an earlier process: each press is answered, and nothing breaks."""

from pathlib import Path

from tests.scenarios import forging
from tests.scenarios.conftest import checked_sandbox
from tests.scenarios.test_every_button_is_answered import answers, shown, tour
from tests.world import DB_OPS


async def test_each_press_is_answered_after_a_restart(tmp_path: Path) -> None:
    async with checked_sandbox(tmp_path) as world:
        world.workspace.limits.rates = "off"
        await tour(world)
        every = shown(world)
    silent = []
    async with checked_sandbox(tmp_path) as world:
        world.workspace.limits.rates = "off"
        for one in every:
            # The new workspace doesn't have the direct channels of the old one.
            channel = one.message.channel_id if one.message.channel_id in world.workspace.channels else DB_OPS
            doing = forging.forge_click(world, one.person, one.action_id, one.value, channel=channel)
            if not await answers(world, one.person, channel, doing, action_id=one.action_id):
                silent.append(one.kind)
    assert len(every) > 30
    assert not silent
