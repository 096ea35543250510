"""What the tests with killed processes share: processes that start quickly, and both kinds of store."""

import os
from collections.abc import Iterator
from pathlib import Path

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


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """These run with `make soak`: they need the machine for themselves."""
    is_test = collection_path.name.startswith("test_")
    return True if is_test and not os.environ.get("SOAK") else None
