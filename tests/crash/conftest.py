"""Fixtures of the tests that kill processes: a fork server that starts the bot quickly, and a PostgreSQL server."""

import pytest

from tests.forked import Nursery, the_nursery
from tests.postgres import postgres_server

__all__ = ["nursery", "postgres_server"]


@pytest.fixture(scope="session")
def nursery() -> Nursery:
    """Return this worker's server that forks processes of the bot."""
    return the_nursery()
