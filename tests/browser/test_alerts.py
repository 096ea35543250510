"""Alerts on a phone: the card fits the screen, its buttons work, and it says that the alert has ended."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from bot.core.alerts import AlertKind
from tests.browser.window import open_window
from tests.scenarios.alerting import ended, keep_usage_unknown, raised
from tests.world import BEN, World, running_sandbox, until

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
WIDTH = 390


@pytest_asyncio.fixture(loop_scope="session")
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """Yield a running sandbox in which usage can't be read, so that only the test raises and ends alerts."""
    async with running_sandbox(tmp_path) as played:
        keep_usage_unknown(played)
        yield played


async def test_an_alert_can_be_read_and_muted_on_a_phone_and_shows_its_end(world: World, browser: Browser) -> None:
    ben = await open_window(browser, world.url, BEN, phone=True)
    await ben.say("/turso alert on --quota 80,95 --spike 5x")
    await expect(ben.message("Alerts are on")).to_contain_text("80% or 95%")
    quota = await raised(world, AlertKind.QUOTA, "orders", "users", "inventory", notify=(BEN,))
    card = ben.message("of its quota for rows written")
    await expect(card).to_contain_text("Top query")
    await card.scroll_into_view_if_needed()
    await ben.picture("alert-quota")

    await raised(world, AlertKind.SPIKE, "orders")
    spike = ben.message("times the usual")
    await expect(spike.get_by_role("button", name="Freeze writes 30 min")).to_be_visible()

    await ben.press("Mute 1 h", spike)
    await until(lambda: world.card(holding="No new alerts in this channel until"), what="the mute")
    await ended(world, quota)
    await expect(card).to_contain_text("Ended")
    await expect(card.get_by_role("button")).to_have_count(0)
    await card.scroll_into_view_if_needed()
    await ben.picture("alert-ended")

    assert await ben.page.evaluate("document.documentElement.scrollWidth") <= WIDTH
    assert ben.troubles == []
    await ben.context.close()
