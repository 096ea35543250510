"""The Turso panel in a real browser changes the local Turso. The panel or the channel shows the change."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.browser.window import Window, open_window
from tests.world import DANA, World, running_sandbox

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
WIDTH = 390


@pytest_asyncio.fixture(loop_scope="session")
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with running_sandbox(tmp_path) as played:
        yield played


@pytest_asyncio.fixture(loop_scope="session")
async def dana(browser: Browser, world: World) -> AsyncIterator[Window]:
    """Yield Dana's window on a phone, with the panel open."""
    window = await open_window(browser, world.url, DANA, phone=True)
    await window.page.get_by_role("button", name="Inspector").first.click()
    await window.page.get_by_text("Turso –").click()
    yield window
    assert await window.page.evaluate("document.documentElement.scrollWidth") <= WIDTH
    await window.context.close()
    assert window.troubles == []


async def test_the_bot_says_that_a_database_is_archived_after_its_group_was_archived_in_the_panel(
    world: World, dana: Window
) -> None:
    panel = dana.page.locator("#turso")
    await panel.get_by_role("button", name="Archive europe", exact=True).click()
    await expect(panel.get_by_role("button", name="Unarchive europe")).to_be_visible()
    await dana.picture("sandbox-turso")
    await dana.page.get_by_label("Close the inspector").click()

    await dana.say("/turso db show users-eu")

    await expect(dana.messages.last).to_contain_text("archived")


async def test_a_quota_that_is_used_up_is_shown_and_the_plan_can_be_changed(world: World, dana: Window) -> None:
    panel = dana.page.locator("#turso")
    await panel.get_by_label("Database").select_option("users")
    await panel.get_by_role("button", name="Make a spike").click()
    await expect(panel.get_by_role("status")).to_have_text("users has read 60,000,000 more rows.")
    await panel.get_by_role("button", name="Make it 101%").click()
    await expect(panel).to_contain_text("Turso blocks reads.")

    await panel.get_by_label("Plan").select_option("pro")
    await panel.get_by_role("button", name="Change").click()

    await expect(panel.get_by_label("Plan")).to_have_value("pro")
    await expect(panel).not_to_contain_text("Turso blocks")
