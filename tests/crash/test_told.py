"""An action that the store can't record is lost if the process is killed. The person must have been told so."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot.sandbox.workspace.records import Acted
from tests.crash.cell import Cell, Point
from tests.crash.harness import Harness, harness
from tests.crash.scenarios import SCENARIOS, Scenario
from tests.crash.told import notes_to
from tests.forked import ForkServer
from tests.world import ANA, DANA

HELD_BEFORE_IT_IS_RECORDED = Point("before", 0, family="commit of intents", waits_for_ack=True)


@pytest.fixture
async def here(fork_server: ForkServer) -> AsyncIterator[Harness]:
    async with harness(fork_server, "") as found:
        yield found


def scenario(name: str) -> Scenario:
    return next(one for one in SCENARIOS if one.name == name)


@pytest.mark.parametrize("name", ["create", "quarantine"], ids=["a command", "a press"])
async def test_a_person_is_told_that_an_acknowledged_action_may_not_be_recorded(here: Harness, name: str) -> None:
    ended = await Cell(here, scenario(name), f"told-{name}").play(HELD_BEFORE_IT_IS_RECORDED)

    assert ended.at.startswith("before commit of intents")
    assert ended.word == "done when asked again"


@pytest.mark.parametrize("name", ["create", "quarantine"], ids=["a command", "a press"])
async def test_a_cell_fails_if_an_acknowledged_action_is_lost_and_the_person_was_not_told(
    here: Harness, name: str
) -> None:
    """The test removes the messages that say so."""
    honest = scenario(name)

    async def act_without_a_word(harness: Harness, database: str) -> Acted | None:
        acted = await honest.act(harness, database)
        for person in (ANA, DANA):
            for note in notes_to(harness.world, person):
                harness.world.workspace.state.remove_ephemeral(note)
        return replace(acted, message=None, errors={}) if acted is not None else None

    silent = replace(honest, act=act_without_a_word)
    with pytest.raises(AssertionError, match="the command was acknowledged, but the request is"):
        await Cell(here, silent, f"silent-{name}").play(HELD_BEFORE_IT_IS_RECORDED)
