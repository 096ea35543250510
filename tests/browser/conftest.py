"""Chromium, the page with a small app behind it, and windows that must end without a trouble."""

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
    # Each window has an address bar, which nobody sees. The pages that draw its suggestions cost more than ours.
    # (Chromium takes the last list that it gets: Translate, HttpsUpgrades and PaintHolding are from Playwright's.)
    "--disable-features=WebUIOmniboxPopup,WebUIOmniboxAimPopup,Translate,HttpsUpgrades,PaintHolding",
)  # fmt: skip

expect.set_options(timeout=15_000)  # a busy machine is not a failure
Open = Callable[..., Awaitable[Window]]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One browser for all tests; each window has its own context."""
    path = await asyncio.to_thread(find)  # it may ask Playwright in its own way, which wants a thread
    if path is None:
        pytest.fail("There is no Chromium: run `make browser` once.")
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=path, args=list(ARGS))
        yield started
        await started.close()


@pytest_asyncio.fixture(loop_scope="session")
async def site() -> AsyncIterator[Stage]:
    """A fresh workspace with its page and a small app."""
    async with stage() as served:
        yield served


@pytest_asyncio.fixture(loop_scope="session")
async def window(browser: Browser, site: Stage) -> AsyncIterator[Open]:
    """Opens windows; at the end none of them has logged an error or asked anybody else for anything."""
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
