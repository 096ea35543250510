"""Fixtures of the scenarios: a world whose bot lives in this process, one for each module."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio

from bot.sandbox.running import POLICY
from bot.slack.outgoing.delivery import Delivery
from tests.scenarios.invariants import keep_log, problems
from tests.world import Transport, World, living


@asynccontextmanager
async def sound(data: Path, *, policy: Path = POLICY, over: Transport = "http") -> AsyncIterator[World]:
    """A world in which nothing may have broken once it ends."""
    async with living(data, policy=policy, over=over) as world:
        log = keep_log()
        hurry(world)
        yield world
        await world.calm()
        assert not (found := problems(world, log)), "\n".join(found)


def hurry(world: World) -> None:
    """Let posts follow each other at once: that they wait their turn is told where delivery is tested."""
    assert world.bot is not None
    messenger = world.bot.env.messenger
    assert isinstance(messenger, Delivery)
    messenger.pace.seconds_between = 0.01


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def rested(request: pytest.FixtureRequest) -> AsyncIterator[None]:
    """What a test leaves under way ends before the next: else its late words would be taken for an answer there."""
    world = request.getfixturevalue("world") if "world" in request.fixturenames else None
    yield
    if world is not None:
        await world.calm()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """The sandbox: seeded databases, seeded people, the bot over signed HTTP; under the module's own policy, if any."""
    data, policy = tmp_path_factory.mktemp("world"), POLICY
    if own := getattr(request.module, "OWN_POLICY", ""):
        policy = data / "policy.yaml"
        policy.write_text(own)
    async with sound(data, policy=policy) as found:
        yield found
