"""If the work for an open modal has a bug, the modal says so. It doesn't keep showing that it is loading."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from bot.blocks import forms
from bot.pipeline import token_reveal
from tests.incidents.test_home import home
from tests.scenarios.conftest import shorten_pauses_between_posts
from tests.scenarios.requesting import make_request
from tests.world import ANA, DANA, DB_OPS, World, buttons, running_sandbox, until, words

pytestmark = pytest.mark.asyncio(loop_scope="module")
BUG = "Something went wrong in Turso Ops"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """Run a sandbox in which tracebacks are allowed in the log, because the tests cause some."""
    async with running_sandbox(tmp_path_factory.mktemp("world")) as found:
        shorten_pauses_between_posts(found)
        yield found


def broken(*_: Any, **__: Any) -> Any:
    raise ZeroDivisionError


async def modal_says_so(world: World) -> None:
    view = await until(
        lambda: next((one for one in world.workspace.views_of(DANA) if BUG in words(one)), None), what="the modal"
    )
    assert "i-" in words(view), "it has the reference"
    await world.workspace.close_view(DANA, view.id)


async def test_the_modal_of_a_reveal(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    card = await make_request(world, "/turso token {} --reason work")
    await world.person(ANA).presses_and_reads("Approve", card)
    await world.wait_for_content(card, button="Reveal")
    view = await home(world, DANA)
    monkeypatch.setattr(token_reveal, "authorize", broken)

    await world.workspace.click(DANA, view_id=view.id, action_id=buttons(view)["Reveal"]["action_id"], block_id=None)

    await modal_says_so(world)


async def test_the_modal_of_a_form(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forms, "form_view", broken)

    await world.workspace.say(DANA, DB_OPS, "/turso show")

    await modal_says_so(world)


async def test_the_modal_of_a_shortcut(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forms, "chooser_view", broken)

    await world.workspace.shortcut(DANA, "turso.command")

    await modal_says_so(world)
