"""A whole incident on phones: start, triage, freeze, break-glass and review, and the end with the open items."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.browser.window import Window, open_window
from tests.world import ANA, BEN, REMY, World, running_sandbox, until

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
PLACE = "c/C0INCCHK"
WIDTH = 390


@pytest_asyncio.fixture(loop_scope="session")
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """Yield a running sandbox with two more databases."""
    async with running_sandbox(tmp_path) as played:
        await played.create_databases("checkout", "checkout-old")
        yield played


@pytest_asyncio.fixture(loop_scope="session")
async def phones(browser: Browser, world: World) -> AsyncIterator[dict[str, Window]]:
    """Yield the windows of three people in the incident's channel, each on a phone."""
    opened = {each: await open_window(browser, world.url, each, place=PLACE, phone=True) for each in (REMY, BEN, ANA)}
    yield opened
    for window in opened.values():
        assert await window.page.evaluate("document.documentElement.scrollWidth") <= WIDTH
        await window.context.close()
        assert window.troubles == []


async def test_a_whole_incident_on_phones(world: World, phones: dict[str, Window]) -> None:
    remy, ben, ana = (phones[one] for one in (REMY, BEN, ANA))

    await remy.say("/turso incident start INC-42 --for 2h")
    await expect(remy.message("has started. It ends")).to_contain_text("INC-42")

    await remy.say("/turso triage checkout")
    card = remy.message("Rows read today")
    await expect(card.get_by_role("button", name="Freeze writes 30 min")).to_be_visible()
    await remy.picture("incident-triage", of=card)

    await remy.press("Freeze writes 30 min", card)
    await remy.press("Freeze writes", remy.message("Nothing happens until you do"))
    await until(lambda: world.changes("PATCH", "/checkout/configuration"), what="the freeze")

    await expect(remy.pane.get_by_text("are blocked").last).to_be_visible()
    # Wait until the card is replaced: a press at the same moment would be lost.
    await expect(card).to_contain_text("writes blocked")
    await remy.picture("incident-outcome", of=card)

    await remy.press("Read-only token", card)
    await expect(remy.message("Only visible to you").filter(has_text="eyJ")).to_be_visible()

    await ana.say("/turso db destroy checkout-old --now")
    await expect(ana.modal).to_contain_text("without approval")
    await ana.modal.locator("textarea").first.fill("it floods the primary")
    await ana.picture("incident-break-glass", of=ana.modal)
    await ana.modal.locator("[data-view-submit]").click()
    loud = ben.message("checkout-old was destroyed")
    await expect(loud).to_contain_text("it floods the primary")
    await expect(loud).to_contain_text("without approval")

    await ben.opens("Review", loud)
    await ben.modal.get_by_text("It was justified").click()
    await ben.modal.locator("textarea").first.fill("it had to go")
    await ben.modal.locator("[data-view-submit]").click()
    await expect(ben.message("checkout-old was destroyed")).to_contain_text("Reviewed by")

    await remy.say("/turso incident end")
    ended = await until(lambda: world.card("C0INCCHK", holding="INC-42* ended"), what="the end")
    assert ended.thread_ts
    last = remy.message("Incident permissions no longer apply")
    await expect(last.get_by_role("button", name="Thaw checkout")).to_be_visible()
    await expect(remy.pane.get_by_role("link", name="Incident INC-42")).to_be_visible()
    await remy.picture("incident-end", of=last)
    await remy.press("Thaw checkout", last)
    await remy.press("Thaw", remy.message("Nothing happens until you do"))
    await until(lambda: len(world.changes("PATCH", "/checkout/configuration")) == 2, what="the thaw")
