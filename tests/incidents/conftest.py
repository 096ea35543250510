"""A world for incidents: one for each module, with whatever policy the module asks for."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.scenarios.conftest import sound
from tests.world import World


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


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Thirty days of digests run with `make soak`: two processes need the machine for themselves."""
    return True if collection_path.name == "test_digests.py" and not os.environ.get("SOAK") else None
