"""Fixtures: a seeded workspace, and an in-process HTTP client for its web page."""

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
    """Yield an HTTP client of the page. Tests add the headers that htmx sends."""
    transport = httpx.ASGITransport(create_page(workspace), client=("127.0.0.1", 5000))
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client:
        yield client
