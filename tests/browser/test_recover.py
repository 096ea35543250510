"""Two people recover deleted rows on their phones: alert, freeze, rewind, comparison, switch, and the Undo of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from bot.sandbox.history import seed_hours
from bot.sandbox.platform.seed.spike import Spike, make_spike
from tests.browser.window import Window, open_window
from tests.rewind.drill import opened, whole
from tests.world import ANA, REMY, World, running_sandbox, until

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
async def phones(browser: Browser, world: World) -> AsyncIterator[dict[str, Window]]:
    """Yield the windows of Remy, who responds, and Ana, who approves, each on a phone."""
    windows = {each: await open_window(browser, world.url, each, phone=True) for each in (REMY, ANA)}
    yield windows
    for window in windows.values():
        assert await window.page.evaluate("document.documentElement.scrollWidth") <= WIDTH
        await window.context.close()
        assert window.troubles == []


async def test_deleted_rows_are_recovered_and_the_switch_can_be_undone(world: World, phones: dict[str, Window]) -> None:
    remy, ana = phones[REMY], phones[ANA]
    async with opened(world, "analytics") as client:
        before = (await client.run_sql("SELECT count(*) FROM events"))[0][0]
        moment = await a_whole_second_later()
        await client.run_sql("DELETE FROM events WHERE id % 2 = 0")
        left = (await client.run_sql("SELECT count(*) FROM events"))[0][0]
    assert left < before

    await remy.say("/turso alert on")
    await expect(remy.message("Alerts are on")).to_be_visible()
    await make_spike(world.platform.state.turso, "acme", "analytics", Spike(60_000_000, query="DELETE FROM events"))
    await remy.page.get_by_role("button", name="Inspector").first.click()
    await remy.press("to :58")
    await remy.page.get_by_label("Close the inspector").click()
    alert = remy.message("times the usual")
    await expect(alert).to_contain_text("60,0", timeout=60_000)
    await remy.picture("recover-alert", of=alert)

    await remy.say("/turso triage analytics")
    card = remy.message("Rows read today")
    await remy.press("Freeze writes 30 min", card)
    await remy.press("Freeze writes", remy.message("Nothing happens until you do"))
    await until(lambda: world.changes("PATCH", "/analytics/configuration"), what="the freeze")
    await expect(card).to_contain_text("writes blocked")

    await remy.opens("Rewind", card)
    await remy.modal.get_by_label("Time before the mistake").fill(whole(moment))
    await remy.picture("recover-moment", of=remy.modal)
    await remy.modal.locator("[data-view-submit]").click()
    asked = ana.pane.locator(".msg", has=ana.page.get_by_role("button", name="Approve")).last
    await expect(asked).to_contain_text("possibly the last 15 seconds before it")
    await ana.picture("recover-plan", of=asked)
    await ana.confirms("Approve", asked)

    compared = remy.message("Compared with")
    await expect(compared).to_contain_text(f"{left:,} rows", timeout=60_000)
    await expect(compared).to_contain_text(f"{before:,} rows")
    await remy.picture("recover-compared", of=compared)

    await remy.press("Switch", compared)
    wanted = ana.pane.locator(".msg", has=ana.page.get_by_role("button", name="Approve")).last
    await expect(wanted).to_contain_text("switch", ignore_case=True)
    await ana.confirms("Approve", wanted)
    switched = remy.message("in place of")
    await expect(switched).to_contain_text("Old tokens no longer work (tested", timeout=60_000)
    await remy.picture("recover-switched", of=switched)

    copies = await world.call_turso("GET", "/databases", params={"limit": "100"})
    (copy,) = [one["Name"] for one in copies.json()["databases"] if one["Name"].startswith("analytics-rewind")]
    async with opened(world, copy) as client:
        assert (await client.run_sql("SELECT count(*) FROM events"))[0][0] == before

    await remy.press("Undo", switched)
    await confirm(remy)
    await expect(remy.message("out of quarantine")).to_be_visible(timeout=60_000)
    async with opened(world, "analytics") as client:
        assert (await client.run_sql("SELECT count(*) FROM events"))[0][0] == left


async def a_whole_second_later() -> datetime:
    """Wait until the next second has begun, and return its start."""
    second = datetime.now(UTC).replace(microsecond=0)
    await until(lambda: datetime.now(UTC).replace(microsecond=0) > second, what="the next second")
    return datetime.now(UTC).replace(microsecond=0)


async def confirm(window: Window) -> None:
    """Confirm the dialog that the page shows, if there is one."""
    dialog = window.page.locator("#confirm[open]")
    if await dialog.count():
        await dialog.get_by_role("button").last.click()
