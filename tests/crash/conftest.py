"""What the tests with killed processes share: processes that start quickly, and both kinds of store."""

import pytest

from tests.forked import Nursery, the_nursery
from tests.postgres import postgres_server

__all__ = ["nursery", "postgres_server"]


@pytest.fixture(scope="session")
def nursery() -> Nursery:
    """Forks processes of the bot; one for each worker."""
    return the_nursery()
