"""A world for incidents: one for each module, with whatever policy the module asks for."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.scenarios.conftest import rested, sound
from tests.world import World

__all__ = ["rested"]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> AsyncIterator[World]:
    """The sandbox; a module's `POLICY` replaces the policy of it."""
    data = tmp_path_factory.mktemp("world")
    more = {}
    if text := getattr(request.module, "POLICY", ""):
        more["policy"] = data / "policy.yaml"
        more["policy"].write_text(text)
    async with sound(data, **more) as found:
        yield found
