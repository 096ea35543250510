"""Fixtures of the scenarios: for each module, a sandbox with the bot in this process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio

from bot.sandbox.running import POLICY
from bot.slack.outgoing.delivery import Delivery
from tests.scenarios.invariants import keep_log, problems, record_transitions
from tests.world import Transport, World, running_sandbox


@asynccontextmanager
async def checked_sandbox(data: Path, *, policy: Path = POLICY, over: Transport = "http") -> AsyncIterator[World]:
    """Run the sandbox, and assert at the end that nothing in it broke."""
    async with running_sandbox(data, policy=policy, over=over) as world:
        log = keep_log()
        shorten_pauses_between_posts(world)
        forbidden = record_transitions(world)
        yield world
        await world.wait_until_idle()
        assert not (found := problems(world, log) + forbidden), "\n".join(found)


def shorten_pauses_between_posts(world: World) -> None:
    """Shorten the bot's pauses between posts to a channel. The tests of delivery cover them."""
    assert world.bot is not None
    messenger = world.bot.env.messenger
    assert isinstance(messenger, Delivery)
    messenger.pace.seconds_between = 0.01


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def idle_after_each_test(request: pytest.FixtureRequest) -> AsyncIterator[None]:
    """Wait until the bot is idle after each test. A late message would look like an answer in the next test."""
    world = request.getfixturevalue("world") if "world" in request.fixturenames else None
    yield
    if world is not None:
        await world.wait_until_idle()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """Run the seeded sandbox for a module, with the bot over signed HTTP. Its `OWN_POLICY` replaces the policy."""
    data, policy = tmp_path_factory.mktemp("world"), POLICY
    if own := getattr(request.module, "OWN_POLICY", ""):
        policy = data / "policy.yaml"
        policy.write_text(own)
    async with checked_sandbox(data, policy=policy) as found:
        yield found
