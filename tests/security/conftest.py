"""Fixtures of the security tests."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.postgres import database_url, postgres_server, postgresql_url, upgraded_postgresql_url
from tests.scenarios.conftest import checked_sandbox
from tests.security import stage
from tests.world import World

__all__ = ["database_url", "postgres_server", "postgresql_url", "upgraded_postgresql_url"]

NAMES = ("alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "partner-one", "partner-two")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """Run the sandbox that the tests attack, and assert at the end that nothing broke."""
    data = tmp_path_factory.mktemp("world")
    (data / "policy.yaml").write_text(stage.POLICY)
    async with checked_sandbox(data, policy=data / "policy.yaml") as found:
        stage.be_patient(found)
        await found.create_databases(*NAMES)
        yield found
