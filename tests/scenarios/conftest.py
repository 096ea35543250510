"""Fixtures of the scenarios: a world whose bot lives in this process."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.world import World, living


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """The sandbox: seeded databases, seeded people, the bot over signed HTTP."""
    async with living(tmp_path) as found:
        yield found
