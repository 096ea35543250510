"""Fixtures: a seeded workspace on a free port, slack_sdk's client for it, an app that it delivers to, and a modal."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.workspace import Workspace, running
from tests.sandbox.workspace.stage import (
    Recorder,
    actions,
    button,
    client_of,
    connected,
    field,
    modal,
    new_workspace,
    with_trigger,
)


@pytest.fixture
async def workspace() -> AsyncIterator[Workspace]:
    async with running(new_workspace()) as served:
        yield served


@pytest.fixture
def client(workspace: Workspace) -> AsyncWebClient:
    return client_of(workspace)


@pytest.fixture
async def app(workspace: Workspace) -> AsyncIterator[Recorder]:
    """Run an app that answers every request with an empty 200, connected over HTTP."""
    recorder = Recorder()
    async with connected(workspace, recorder):
        yield recorder


@pytest.fixture
async def opened(workspace: Workspace, app: Recorder, client: AsyncWebClient) -> dict[str, Any]:
    """Open a modal with one field and a button for Dana, and return Slack's view."""
    view = modal(field(), *actions(button("more")), private_metadata="r-42", external_id="x-1")
    found: dict[str, Any] = (await client.views_open(trigger_id=await with_trigger(workspace, app), view=view))["view"]
    return found
