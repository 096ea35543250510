"""The page of a seeded workspace, requested within the process."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from bot.sandbox.page.app import create_page
from bot.sandbox.workspace import Workspace
from tests.sandbox.workspace.stage import new_workspace

ORIGIN = "http://127.0.0.1:3000"


@pytest.fixture
async def workspace() -> AsyncIterator[Workspace]:
    made = new_workspace()
    yield made
    await made.close()


@pytest.fixture
async def page(workspace: Workspace) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a browser that makes plain requests to the page. Each test adds htmx's own headers."""
    transport = httpx.ASGITransport(create_page(workspace), client=("127.0.0.1", 5000))
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client:
        yield client
