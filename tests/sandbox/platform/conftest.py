"""Fixtures: a local Turso, a client of its database `orders`, and a local Turso in a separate process."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.sandbox.platform.hosting import Client, Hosted, Process


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncIterator[Hosted]:
    """Yield a local Turso that responds like today's Platform API."""
    hosted = Hosted(tmp_path / "data", admin=True)
    yield hosted
    await hosted.close()


@pytest.fixture
async def orders(platform: Hosted) -> Client:
    """Create the database `orders`, and return a client of it with full access."""
    return await platform.database("orders")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """Run a local Turso in a separate process, which the tests of a file share."""
    process = Process(tmp_path_factory.mktemp("platform"), admin=True)
    yield process
    process.stop()
