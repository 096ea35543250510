"""The tour's step about alerts, on a phone: make a spike, wait for the alert, and freeze the database from its card."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from bot.sandbox.history import seed_hours
from tests.browser.window import Window, open_window
from tests.world import REMY, World, running_sandbox, until

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
WIDTH = 390


@pytest_asyncio.fixture(loop_scope="session")
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """Yield a running sandbox with a month of hourly usage."""
    async with running_sandbox(tmp_path) as played:
        assert played.bot is not None
        await seed_hours(played.platform.state.turso, played.bot.store, played.clock)
        yield played


@pytest_asyncio.fixture(loop_scope="session")
async def remy(browser: Browser, world: World) -> AsyncIterator[Window]:
    """Yield Remy's window on a phone, at the tour's step about alerts."""
    window = await open_window(browser, world.url, REMY, phone=True, tour=True)
    await window.page.evaluate("localStorage.setItem('turso-ops-tour', '5')")
    await window.page.reload()
    await window.page.wait_for_selector("html[data-ready][data-live]", state="attached")
    yield window
    assert await window.page.evaluate("document.documentElement.scrollWidth") <= WIDTH
    await window.context.close()
    assert window.troubles == []


async def test_a_spike_is_posted_automatically_and_a_freeze_takes_two_presses(world: World, remy: Window) -> None:
    tour = remy.page.get_by_label("Guided tour")
    await expect(tour).to_contain_text("Notice trouble early")
    await remy.say("/turso alert on")
    await expect(remy.message("Alerts are on")).to_be_visible()
    await tour.get_by_role("button", name="Make a spike in users").click()

    card = remy.message("60,0")
    await expect(card).to_contain_text("users", timeout=60_000)
    await tour.get_by_label("Close the tour").click()
    await remy.press("Freeze writes 30 min", card)
    await remy.press(
        "Freeze writes", remy.page.locator(".drawer .msg, .pane .msg").filter(has_text="Nothing happens").last
    )

    await until(lambda: world.changes("PATCH", "/users/configuration"), what="the freeze")
