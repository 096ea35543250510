"""Administration in a real browser: change channels and switch faults in the inspector, and delete messages."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from bot.sandbox.workspace.seed import BEN, DB_OPS
from tests.browser.conftest import Open
from tests.browser.demo import Stage

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_a_channel_is_archived_and_unarchived_and_its_members_change_from_the_panel(
    window: Open, site: Stage
) -> None:
    dana = await window("U0DANA")
    await dana.page.get_by_role("button", name="Inspector", exact=True).click()
    await dana.page.get_by_text("Administration –").click()
    row = dana.page.locator(f'[data-admin="{DB_OPS}"]')
    await row.locator("summary").click()
    await row.get_by_role("button", name="Archive").click()
    await expect(dana.pane.get_by_text("This channel is archived.")).to_be_visible()
    await expect(dana.composer).to_have_count(0)
    assert site.workspace.channels[DB_OPS].is_archived

    await row.get_by_role("button", name="Unarchive").click()
    await expect(dana.composer).to_be_visible()
    await row.get_by_role("button", name="Remove the bot").click()
    await expect(row.locator("summary")).to_contain_text("the bot is not here")
    await row.get_by_label("Remove Ben Okafor").click()
    await expect(row.get_by_text("Ben Okafor")).to_have_count(1)  # only in the list of people who can be added
    assert BEN not in site.workspace.channels[DB_OPS].members
    await row.get_by_label("Person").select_option(label="Ben Okafor")
    await row.get_by_role("button", name="Add", exact=True).click()
    await expect(row.get_by_label("Remove Ben Okafor")).to_be_visible()
    await row.get_by_label("Posting").select_option("admins")
    await expect(row.locator("summary")).to_contain_text("only administrators can post")
    await dana.picture("administration")


async def test_a_fault_of_a_method_is_switched_on_and_off_from_the_panel(window: Open, site: Stage) -> None:
    dana = await window("U0DANA")
    await dana.page.get_by_role("button", name="Inspector", exact=True).click()
    await dana.page.get_by_text("Slack's answers –").click()
    form = dana.page.locator("#own-faults")
    await form.get_by_label("Calls").select_option("chat.postMessage")
    await form.get_by_label("get").select_option("html-525")
    await form.get_by_role("button", name="Switch on").click()
    await expect(form.get_by_text("chat.postMessage gets a web page, status 525")).to_be_visible()
    assert [each.status for each in site.workspace.faults.active] == [525]
    await form.get_by_role("button", name="Switch off").click()
    await expect(form.get_by_role("button", name="Switch off")).to_have_count(0)
    assert site.workspace.faults.active == []


async def test_a_message_is_deleted_from_its_own_menu(window: Open, site: Stage) -> None:
    dana, ana = await window("U0DANA"), await window("U0ANA")
    await dana.say("hello")
    await expect(ana.message("hello")).to_be_visible()
    await ana.message("hello").hover()
    await ana.message("hello").get_by_role("button", name="Delete").click()
    await expect(dana.pane.locator(".msg", has_text="hello")).to_have_count(0)
