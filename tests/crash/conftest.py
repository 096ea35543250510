"""What the tests with killed processes share: processes that start quickly, and both kinds of store."""

from collections.abc import Iterator

import pytest

from tests.crash.lane import Nursery
from tests.postgres import postgres_server

__all__ = ["nursery", "postgres_server"]


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """Forks processes of the bot; one for each worker."""
    found = Nursery()
    yield found
    found.close()
