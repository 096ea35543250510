"""The seeded workspace, served on a free port, and Slack's own client for it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.workspace import Workspace, running
from tests.sandbox.workspace.stage import Recorder, client_of, connected, new_workspace


@pytest.fixture
async def workspace() -> AsyncIterator[Workspace]:
    async with running(new_workspace()) as served:
        yield served


@pytest.fixture
def client(workspace: Workspace) -> AsyncWebClient:
    return client_of(workspace)


@pytest.fixture
async def app(workspace: Workspace) -> AsyncIterator[Recorder]:
    """An app that answers everything with an empty 200, connected over HTTP."""
    recorder = Recorder()
    async with connected(workspace, recorder):
        yield recorder
