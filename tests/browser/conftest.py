"""Fixtures: Chromium, the sandbox's page with a demo app, and windows in which no error may occur."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright, expect

from tests.browser.demo import Stage, stage
from tests.browser.install import find
from tests.browser.window import Window, open_window

ARGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    # Each window has an address bar, which is never visible. Rendering its suggestions takes longer than our page.
    # (Only the last such list counts, so this one repeats three features that Playwright disables.)
    "--disable-features=WebUIOmniboxPopup,WebUIOmniboxAimPopup,Translate,HttpsUpgrades,PaintHolding",
)  # fmt: skip

expect.set_options(timeout=15_000)  # long enough for a busy machine
Open = Callable[..., Awaitable[Window]]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Yield one browser for all tests. Each window has its own context."""
    path = await asyncio.to_thread(find)  # in a thread, because it may use Playwright's blocking interface
    if path is None:
        pytest.fail("There is no Chromium: run `make browser` once.")
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=path, args=list(ARGS))
        yield started
        await started.close()


@pytest_asyncio.fixture(loop_scope="session")
async def site() -> AsyncIterator[Stage]:
    """Yield a new workspace with its page and the demo app."""
    async with stage() as served:
        yield served


@pytest_asyncio.fixture(loop_scope="session")
async def window(browser: Browser, site: Stage) -> AsyncIterator[Open]:
    """Yield a function that opens windows.

    At the end, check that no window has logged an error or sent a request to another server.
    """
    opened: list[Window] = []

    async def open_one(person: str = "U0DANA", **options: Any) -> Window:
        made = await open_window(browser, site.origin, person, **options)
        opened.append(made)
        return made

    yield open_one
    for each in opened:
        await each.context.close()
    assert [trouble for each in opened for trouble in each.troubles] == []
    foreign = [url for each in opened for url in each.requests if not url.startswith((f"{site.origin}/", "data:"))]
    assert foreign == []
