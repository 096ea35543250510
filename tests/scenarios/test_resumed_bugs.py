"""If resumed work has a bug, the person is notified and the work ends."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from bot.core.requests.incoming import Kind
from bot.pipeline.dispatch import button_actions, modal_submissions
from bot.pipeline.dispatch.button_actions import Click
from tests.scenarios.test_resumed import left, resumed
from tests.world import World, running_sandbox

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """Run a sandbox in which tracebacks are allowed in the log, because the test causes one."""
    async with running_sandbox(tmp_path_factory.mktemp("world")) as found:
        yield found


@pytest.mark.parametrize("kind", [Kind.SUBMISSION, Kind.ACTION])
async def test_a_bug_in_resumed_work_is_reported_and_the_work_ends(
    world: World, kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setitem(modal_submissions.CHECKS, "broken.thing", broken)
    monkeypatch.setitem(button_actions.CLICKS, "broken.thing", Click(broken))

    assert "went wrong" in await resumed(world, left(7_100 + len(kind), kind, "broken.thing"))
