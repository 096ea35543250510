"""Fixtures of the tests that kill processes: a fork server that starts the bot quickly, and a PostgreSQL server."""

import pytest

from tests.forked import ForkServer, shared_fork_server
from tests.postgres import postgres_server

__all__ = ["fork_server", "postgres_server"]


@pytest.fixture(scope="session")
def fork_server() -> ForkServer:
    """Return this worker's server that forks processes of the bot."""
    return shared_fork_server()
