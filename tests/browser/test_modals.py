"""Modals and forms in the browser: filling in, errors, corrections, stacking and closing."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Open
from tests.browser.demo import Stage

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_a_form_shows_its_errors_and_accepts_the_corrected_values(window: Open) -> None:
    dana = await window("U0DANA")
    await dana.say("/turso db create")
    await dana.press("Create", dana.modal)
    wrong = dana.modal.locator("[data-block-id=name].invalid")
    await expect(wrong).to_contain_text("Please complete this required field.")
    await dana.modal.get_by_role("textbox", name="Name").fill("Orders")
    await dana.press("Create", dana.modal)
    await expect(dana.modal.locator("[data-block-id=name].invalid")).to_contain_text("Lower case letters only.")
    await dana.modal.get_by_role("textbox", name="Name").fill("orders")
    await dana.press("Create", dana.modal)
    await expect(dana.modal).to_have_count(0)
    await expect(dana.message("is created")).to_contain_text("orders")


async def test_the_app_gets_what_was_typed_and_chosen_in_the_fields(window: Open, site: Stage) -> None:
    dana = await window("U0DANA")
    await dana.say("/turso form")
    form = dana.modal
    await form.get_by_role("textbox", name="Name").fill("orders")
    await form.get_by_role("combobox", name="Database").click()
    await dana.page.keyboard.type("orders-eu")
    await form.get_by_role("option", name="orders-eu", exact=True).click()
    await form.get_by_role("combobox", name="Locations").click()
    await dana.page.keyboard.press("ArrowDown")
    await dana.page.keyboard.press("Enter")
    await dana.page.keyboard.press("Escape")
    await form.get_by_role("combobox", name="Person").fill("ben")
    await dana.page.keyboard.press("Enter")
    await form.locator("[data-block-id=day] input").fill("2026-12-01")
    await form.get_by_text("Read and write").click()
    await form.get_by_text("Tell the channel").click()
    await dana.press("Create", form)
    await expect(form).to_have_count(0)

    sent = [each for each in site.workspace.deliveries if each.kind == "view_submission"][-1].payload
    values = {block: next(iter(each.values())) for block, each in sent["view"]["state"]["values"].items()}
    assert values["name"]["value"] == "orders"
    assert values["database"]["selected_option"]["value"] == "orders-eu"
    assert [each["value"] for each in values["places"]["selected_options"]] == ["aws-eu-west-1"]
    assert values["person"]["selected_user"] == "U0BEN"
    assert values["day"]["selected_date"] == "2026-12-01"
    assert values["hour"]["selected_time"] == "10:30"
    assert values["scope"]["selected_option"]["value"] == "rw"
    assert [each["value"] for each in values["also"]["selected_options"]] == ["tell"]
    assert values["group"]["selected_option"]["value"] == "eu"


async def test_the_app_gets_the_press_of_a_dangerous_button_only_after_a_confirmation(
    window: Open, site: Stage
) -> None:
    ana = await window("U0ANA")
    await ana.say("/turso db destroy scratch-eu")
    await ana.press("Deny", ana.message("asks to destroy"))
    asked = ana.page.locator("#confirm[open]")
    await expect(asked).to_contain_text("Keep scratch-eu?")
    await ana.press("Keep it", asked)
    assert not [each for each in site.workspace.deliveries if each.kind == "block_actions"]
    await ana.press("Deny", ana.message("asks to destroy"))
    await ana.press("Yes, deny", asked)
    await expect(ana.message("Denied by @Ana Torres")).to_be_visible()


async def test_typed_text_is_kept_when_the_app_updates_the_modal(window: Open) -> None:
    dana = await window("U0DANA")
    await dana.say("/turso skeleton")
    name = dana.modal.get_by_role("textbox", name="Name")
    await name.press_sequentially("orders")
    await expect(dana.modal.get_by_role("heading", name="Filled in")).to_be_visible()
    await expect(name).to_have_value("orders")
    await expect(name).to_be_focused()
    await name.press_sequentially("-eu")
    await expect(name).to_have_value("orders-eu")


async def test_escape_closes_a_modal_in_the_page_and_in_the_workspace(window: Open, site: Stage) -> None:
    dana = await window("U0DANA")
    await dana.say("/turso db create")
    await expect(dana.modal).to_be_visible()
    await dana.page.keyboard.press("Escape")
    await expect(dana.modal).to_have_count(0)
    assert site.workspace.views_of("U0DANA") == []


async def test_modals_stack_and_the_lower_one_keeps_what_was_typed(window: Open) -> None:
    dana = await window("U0DANA")
    await dana.say("/turso stack")
    await dana.modal.get_by_role("textbox", name="Name").fill("orders")
    await dana.press("More", dana.modal)
    await expect(dana.modal.get_by_role("heading", name="On top")).to_be_visible()
    await dana.press("Back", dana.modal)
    await expect(dana.modal.get_by_role("textbox", name="Name")).to_have_value("orders")
    await dana.press("Close", dana.modal)
    await expect(dana.modal).to_have_count(0)
