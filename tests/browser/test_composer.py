"""The composer in the browser: completion of commands, options and names, and shortcuts."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Open

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_the_composer_completes_commands_options_and_names_by_keyboard(window: Open) -> None:
    dana = await window("U0DANA")
    await dana.composer.press_sequentially("/tu")
    await expect(dana.pane.get_by_role("option")).to_have_count(1)
    await dana.page.keyboard.press("Tab")
    await expect(dana.pane.get_by_role("option").first).to_contain_text("db list")
    await dana.page.keyboard.type("tok")
    await dana.page.keyboard.press("Enter")
    await expect(dana.composer).to_have_value("/turso token ")
    await expect(dana.pane.locator(".hint")).to_contain_text("token NAME [--read-only] [--expiration 1h]")
    await dana.page.keyboard.type("orders --re")
    await dana.page.keyboard.press("Enter")
    await expect(dana.composer).to_have_value("/turso token orders --read-only ")
    await expect(dana.pane.locator(".hint mark")).to_have_text("--read-only")
    await dana.composer.fill("")
    await dana.page.keyboard.type("ask @be")
    await dana.page.keyboard.press("Enter")
    await dana.page.keyboard.type("about #db")
    await dana.page.keyboard.press("Enter")
    await expect(dana.composer).to_have_value("ask @ben about #db-ops ")
    await dana.page.keyboard.press("Enter")
    await expect(dana.message("ask @Ben Okafor about #db-ops")).to_be_visible()
    await dana.page.keyboard.press("ArrowUp")
    await expect(dana.composer).to_have_value("ask @ben about #db-ops ")


async def test_enter_sends_a_command_in_another_spelling_as_it_was_typed(window: Open) -> None:
    dana = await window("U0DANA")
    await dana.composer.press_sequentially("/turso ls")
    await expect(dana.pane.get_by_role("option").first).to_contain_text("db list")
    await expect(dana.pane.locator(".hint")).to_contain_text("db list [FILTER]")
    await dana.page.keyboard.press("Enter")
    await expect(dana.composer).to_have_value("")
    await dana.page.keyboard.press("ArrowUp")
    await expect(dana.composer).to_have_value("/turso ls")
    await dana.composer.fill("/turso ls ord --so")
    await dana.page.keyboard.press("Tab")
    await expect(dana.composer).to_have_value("/turso ls ord --sort ")
    await dana.composer.fill("/turso incident st")  # `incident` alone is an alias of `incident status`
    await expect(dana.pane.get_by_role("option")).to_contain_text(["incident status", "incident start"])


async def test_no_command_of_the_bot_is_suggested_to_an_outsider(window: Open) -> None:
    stella = await window("U0STELLA", place="c/C0SHARED")
    await stella.composer.press_sequentially("/tu")
    await expect(stella.pane.get_by_role("option")).to_have_count(0)
    await stella.say("/turso db list")
    await expect(stella.page.get_by_role("status")).to_contain_text("/turso is not a valid command.")
    await expect(stella.page.get_by_role("link", name="Home")).to_have_count(0)


async def test_shortcuts_are_in_the_composer_and_on_messages(window: Open) -> None:
    dana = await window("U0DANA")
    await dana.pane.get_by_label("Shortcuts").click()
    await dana.page.get_by_role("menuitem", name="Ask").click()
    await expect(dana.modal.get_by_role("heading", name="From a shortcut")).to_be_visible()
    await dana.page.keyboard.press("Escape")
    await expect(dana.modal).to_have_count(0)
    await dana.say("Look into this")
    await dana.message("Look into this").hover()
    await dana.press("File", dana.message("Look into this"))
    await expect(dana.message("Filed: Look into this")).to_contain_text("Only visible to you")
