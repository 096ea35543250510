"""Conversations with the real bot, in the browser windows of the people who take part."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, expect

from tests.browser.window import Window, open_window
from tests.world import ANA, DANA, DB_OPS, GIL, ORDERS, SHARED, STELLA, World, running_sandbox, until

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


@pytest_asyncio.fixture(loop_scope="session")
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """Yield a running sandbox."""
    async with running_sandbox(tmp_path) as played:
        yield played


@pytest_asyncio.fixture(loop_scope="session")
async def windows(browser: Browser, world: World) -> AsyncIterator[dict[str, Window]]:
    """Yield Dana's and Ana's windows."""
    opened = {each: await open_window(browser, world.url, each) for each in (DANA, ANA)}
    yield opened
    for window in opened.values():
        await window.context.close()
        assert window.troubles == []
        assert [url for url in window.requests if not url.startswith(world.url)] == []


async def test_list_usage_create_token_destroy_and_rotate_work_in_the_browser(
    world: World, windows: dict[str, Window], browser: Browser
) -> None:
    dana, ana = windows[DANA], windows[ANA]

    await dana.say("/turso db list")
    table = dana.pane.locator("[data-table]").last
    await expect(table).to_contain_text("orders")
    await expect(ana.pane.locator("[data-table]").last).to_contain_text("orders")
    await dana.picture("list")

    await dana.say("/turso usage")
    await expect(dana.pane.locator(".b-chart svg").first).to_be_visible()
    await dana.picture("usage", of=dana.pane.locator(".b-chart").first)

    await dana.say("/turso db create shop --reason launch")
    await expect(dana.message("is ready")).to_contain_text("shop", timeout=45_000)

    await dana.say("/turso token orders --read-only --expiration 1h")
    shown = dana.message("Only visible to you").filter(has_text="eyJ")
    await expect(shown).to_be_visible()
    token = await copied_token(dana, shown)
    await dana.picture("token")
    await expect(ana.pane.get_by_text("eyJ")).to_have_count(0)
    assert token not in await ana.page.content()

    await dana.say('/turso db destroy analytics --now --reason "moved to the warehouse"')
    card = ana.message("moved to the warehouse")
    await expect(card).to_contain_text("analytics")
    await expect(card).to_contain_text("@Dana Kim")
    await dana.press("Approve", dana.message("moved to the warehouse"))
    await expect(dana.message("your own")).to_contain_text("Only visible to you")

    await check_guest_shared_channel_and_outsider(world, browser, ana)

    await ana.picture("approval")
    await ana.opens("Approve", card)
    await ana.modal.get_by_role("textbox").first.fill("analytic")
    await ana.modal.locator("[data-view-submit]").click()
    await expect(ana.modal.locator(".invalid")).to_be_visible()
    await ana.picture("type-the-name")
    await ana.modal.get_by_role("textbox").first.fill("analytics")
    await ana.modal.locator("[data-view-submit]").click()
    for each in (ana, dana):
        await expect(each.message("was destroyed")).to_contain_text("analytics")
    assert len(world.changes("DELETE", "/databases/analytics")) == 1

    await dana.say("/turso rotate orders --reason leak")
    card = ana.message("leak")
    await expect(card).to_contain_text("orders")
    await ana.press("Approve", card)
    await ana.modal.get_by_role("textbox").first.fill("orders")
    await ana.modal.locator("[data-view-submit]").click()
    await expect(ana.modal).to_have_count(0)
    await expect(ana.pane.get_by_role("button", name="Approve")).to_have_count(0)
    await until(lambda: len(world.changes("POST", "/auth/rotate")) == 1, what="the rotation")


async def check_guest_shared_channel_and_outsider(world: World, browser: Browser, ana: Window) -> None:
    """Check that a guest and a member in a shared channel are refused, and that an outsider has no such command."""
    gil = await open_window(browser, world.url, GIL, place=f"c/{ORDERS}")
    await gil.say("/turso ls")
    await expect(gil.pane.locator(".msg.private").last).to_contain_text("guest")
    await gil.context.close()

    await ana.go(f"c/{SHARED}")
    await ana.say("/turso ls")
    await expect(ana.pane.locator(".msg.private").last).to_contain_text("shared")
    await ana.go(f"c/{DB_OPS}")

    stella = await open_window(browser, world.url, STELLA, place=f"c/{SHARED}")
    await stella.say("/turso ls")
    await expect(stella.page.get_by_text("not a valid command").last).to_be_visible()
    await stella.context.close()
    assert gil.troubles == stella.troubles == []
    assert world.changes("DELETE") == []


async def test_every_step_of_the_tour_can_be_carried_out(world: World, browser: Browser) -> None:
    window = await open_window(browser, world.url, DANA, tour=True)
    tour = window.page.get_by_label("Guided tour")
    await expect(tour).to_contain_text("1 of 8")
    await window.press("List the databases", tour)
    await window.page.keyboard.press("Enter")
    await expect(window.pane.locator("[data-table]")).to_contain_text("orders")
    await window.press("Next", tour)
    await window.picture("tour")
    await window.press("Show the usage", tour)
    await window.page.keyboard.press("Enter")
    await expect(window.pane.locator(".b-chart").first).to_be_visible()
    await window.press("Next", tour)
    await window.press("Ask as Dana", tour)
    await window.page.keyboard.press("Enter")
    await expect(window.message("eyJ")).to_be_visible()
    await window.press("Next", tour)
    await window.press("Ask as Dana", tour)
    await window.page.keyboard.press("Enter")
    await expect(window.message("moved to the warehouse")).to_be_visible()
    await window.press("Approve as Ana", tour)
    await expect(window.page.get_by_text("You are Ana Torres")).to_be_visible()
    await window.opens("Approve", window.message("moved to the warehouse"))
    await window.modal.get_by_role("textbox").first.fill("analytics")
    await window.modal.locator("[data-view-submit]").click()
    await expect(window.message("was destroyed")).to_be_visible()
    await window.press("Next", tour)
    await window.press("Rotate as Dana", tour)
    await expect(window.page.get_by_text("You are Dana Kim")).to_be_visible()
    await expect(window.composer).to_have_value('/turso rotate orders --reason "laptop lost"')
    await window.page.keyboard.press("Enter")
    await expect(window.message("laptop lost")).to_contain_text("orders")
    await window.press("Approve as Ben", tour)
    await expect(window.page.get_by_text("You are Ben Okafor")).to_be_visible()
    await window.opens("Approve", window.message("laptop lost"))
    await window.modal.get_by_role("textbox").first.fill("orders")
    await window.modal.locator("[data-view-submit]").click()
    await expect(window.pane.get_by_role("button", name="Approve")).to_have_count(0)
    await window.press("Next", tour)
    await window.press("Turn alerts on", tour)
    await expect(window.page.get_by_text("You are Dana Kim")).to_be_visible()
    await expect(window.composer).to_have_value("/turso alert on")
    await window.page.keyboard.press("Enter")
    await expect(window.message("Alerts are on in this channel")).to_be_visible()
    await window.press("Next", tour)
    for button, shown in (("Start", "started"), ("Triage", "Rows read today"), ("End", "Open items")):
        await window.press(f"{button} as Remy", tour)
        await expect(window.page.get_by_text("You are Remy Laurent")).to_be_visible()
        await expect(window.composer).to_have_value(re.compile("^/turso "))
        await window.page.keyboard.press("Enter")
        await expect(window.message(shown).last).to_be_visible()
    await window.press("Next", tour)
    await window.press("Rewind as Remy", tour)
    await expect(window.composer).to_have_value('/turso db rewind orders --to "5m ago"')
    await window.page.keyboard.press("Enter")
    await expect(window.message("wants to rewind")).to_contain_text("orders")
    await window.press("Approve as Ana", tour)
    await expect(window.page.get_by_text("You are Ana Torres")).to_be_visible()
    await window.confirms("Approve", window.message("wants to rewind"))
    await expect(window.message("Compared with")).to_contain_text("Schema: the same", timeout=60_000)
    await window.press("Finish", tour)
    assert window.troubles == []
    await window.context.close()


async def copied_token(window: Window, message: Locator) -> str:
    """Copy the two variables of a revealed token, as people do to paste them into a file. Return the token."""
    await window.press("Copy", message.locator(".pre", has_text="eyJ").first)
    lines = (await window.page.evaluate("navigator.clipboard.readText()")).splitlines()
    variables = dict(line.split("=", 1) for line in lines)
    assert list(variables) == ["TURSO_DATABASE_URL", "TURSO_AUTH_TOKEN"]
    assert variables["TURSO_AUTH_TOKEN"].startswith("eyJ")
    return str(variables["TURSO_AUTH_TOKEN"])


async def test_an_approved_token_is_revealed_to_its_requester_and_reaches_no_other_window(
    world: World, windows: dict[str, Window]
) -> None:
    dana, ana = windows[DANA], windows[ANA]
    await dana.say("/turso token orders --expiration 1h --reason debugging")
    card = ana.message("debugging")
    await expect(card).to_contain_text("@Dana Kim")
    await ana.press("Approve", card)
    await ana.press("Approve", ana.page.locator("#confirm[open]"))
    await dana.press("Reveal")
    shown = dana.message("eyJ")
    await expect(shown).to_contain_text("Only visible to you")
    token = await copied_token(dana, shown)
    await ana.page.keyboard.press("Control+i")
    await expect(ana.page.locator(".log .entry").first).to_be_visible()
    for entry in await ana.page.locator(".log .entry summary").all():
        await entry.click()
    await ana.picture("inspector")
    await ana.page.wait_for_load_state("networkidle")
    assert token not in await ana.page.content()


async def test_home_shows_the_permissions_of_the_person(windows: dict[str, Window]) -> None:
    dana = windows[DANA]
    await dana.page.get_by_role("link", name="Home").click()
    await expect(dana.pane.locator("#home-view")).to_contain_text("all databases")
    await dana.picture("home")
    await dana.opens("All commands", dana.pane)
    await expect(dana.modal).to_contain_text("Needs approval")


async def test_an_incident_starts_and_is_triaged_on_a_phone_in_dark_mode(world: World, browser: Browser) -> None:
    remy = await open_window(browser, world.url, "U0REMY", place="c/C0INCCHK", phone=True, dark=True)
    await remy.say("/turso incident start INC-7")
    await expect(remy.message("has started. It ends")).to_contain_text("INC-7")
    await remy.say("/turso triage orders")
    await expect(remy.message("Rows read today")).to_contain_text("orders")
    assert await remy.page.evaluate("document.documentElement.scrollWidth") <= 390
    await remy.picture("phone")
    assert remy.troubles == []
    await remy.context.close()
