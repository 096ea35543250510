"""The page in a real browser, with a small app: what people see, press and fill in, and what stays hidden from them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.async_api import expect

from bot.sandbox.workspace import Message
from tests.browser.conftest import Open
from tests.browser.demo import TOKEN, Stage
from tests.world import until

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_a_table_is_sorted_filtered_and_paged_in_the_browser(window: Open, site: Stage) -> None:
    dana = await window("U0DANA")
    await dana.say("/turso db list")
    table = dana.pane.locator("[data-table]")
    first = table.locator("tbody tr").first
    await expect(table.locator(".where")).to_have_text("1–10 of 100")
    delivered = len(site.workspace.deliveries)

    await table.get_by_role("button", name="Storage").click()
    sizes = [int(each) for each in await table.locator("tbody td[data-v]:nth-of-type(2)").evaluate_all(
        "cells => cells.map(cell => cell.dataset.v)")]  # fmt: skip
    assert sizes == sorted(sizes, reverse=True)
    await table.get_by_role("button", name="Storage").click()
    await expect(first.locator("td").nth(1)).to_have_text("0 KiB")
    await expect(table.locator("th[aria-sort=ascending]")).to_have_text("Storage")

    await table.get_by_role("button", name="Next page").click()
    await expect(table.locator(".where")).to_have_text("11–20 of 100")
    await expect(table.locator("tbody tr")).to_have_count(10)

    await table.get_by_role("searchbox").fill("orders eu-west")
    await expect(table.locator("tbody tr").first).to_contain_text("orders-")
    await table.get_by_role("searchbox").fill("no such thing")
    await expect(table.locator("tbody")).to_have_text("No matching rows")
    assert len(site.workspace.deliveries) == delivered


async def test_a_request_is_approved_in_another_window_and_both_people_see_it_live(window: Open) -> None:
    dana, ana = await window("U0DANA"), await window("U0ANA")
    await dana.say("/turso db destroy scratch-eu")
    card = ana.message("asks to destroy")
    await expect(card).to_contain_text("scratch-eu")

    await dana.press("Approve", dana.message("asks to destroy"))
    await expect(dana.message("cannot approve your own")).to_contain_text("Only visible to you")

    await ana.press("Approve", card)
    await ana.modal.get_by_role("textbox").fill("scratch")
    await ana.press("Approve", ana.modal)
    await expect(ana.modal.get_by_role("alert").last).to_have_text("That is not scratch-eu.")
    await expect(ana.modal.get_by_role("textbox")).to_have_value("scratch")
    await expect(ana.modal.get_by_role("textbox")).to_be_focused()
    await ana.modal.get_by_role("textbox").fill("scratch-eu")
    await ana.modal.get_by_role("textbox").press("Enter")

    await expect(ana.modal).to_have_count(0)
    for each in (dana, ana):
        await expect(each.message("Approved by @Ana Torres")).to_be_visible()
        await expect(each.pane.get_by_role("button", name="Approve")).to_have_count(0)
    await expect(ana.pane.get_by_text("cannot approve your own")).to_have_count(0)


async def test_a_reveal_never_reaches_another_window(window: Open, site: Stage) -> None:
    dana, ana = await window("U0DANA"), await window("U0ANA")
    await ana.page.keyboard.press("Control+i")
    await dana.say("/turso token orders-eu")
    await dana.press("Reveal")
    await expect(dana.message("Copy it now")).to_contain_text(TOKEN)
    await dana.press("Copy", dana.message("Copy it now").locator(".pre").first)
    assert await dana.page.evaluate("navigator.clipboard.readText()") == TOKEN

    entries = ana.page.locator(".log .entry")
    await expect(ana.page.locator(".log .entry.call").first).to_contain_text("response_url")
    for index in range(await entries.count()):  # Ana opens every entry of the log
        await entries.nth(index).locator("summary").click()
    await expect(ana.page.get_by_text("concerns Dana Kim alone").first).to_be_visible()
    assert TOKEN not in await ana.page.content()
    assert TOKEN.encode() not in site.tap.sent["U0ANA"]
    assert TOKEN.encode() in site.tap.sent["U0DANA"]

    await dana.press("Hide")
    await expect(dana.pane.get_by_text(TOKEN)).to_have_count(0)
    assert TOKEN not in await dana.page.content()


async def test_private_messages_are_gone_after_a_reload(window: Open) -> None:
    dana = await window("U0DANA")
    await dana.say("/turso hello")
    await expect(dana.message("You said: hello")).to_contain_text("Only visible to you")
    await dana.page.reload()
    await dana.page.wait_for_selector("html[data-live]", state="attached")
    await expect(dana.pane.get_by_text("You said: hello")).to_have_count(0)


async def test_home_is_opened_and_shown(window: Open, site: Stage) -> None:
    dana = await window("U0DANA")
    await dana.page.get_by_role("link", name="Home").click()
    await expect(dana.pane.get_by_role("heading", name="Welcome")).to_be_visible()
    assert dana.page.url.endswith("/as/U0DANA/home")
    assert [each.kind for each in site.workspace.deliveries] == ["event:app_home_opened"]
    await dana.page.go_back()
    await expect(dana.pane.get_by_role("heading", name="db-ops").first).to_be_visible()


async def test_a_mention_is_answered_in_its_thread(window: Open) -> None:
    dana, ana = await window("U0DANA"), await window("U0ANA")
    await dana.say("@Turso Ops are you there?")
    await dana.press("1 reply")
    thread = dana.page.get_by_label("Side panel")
    await expect(thread).to_contain_text("Hello @Dana Kim")
    await thread.get_by_role("textbox").fill("Thank you")
    await thread.get_by_role("textbox").press("Enter")
    await expect(thread.locator(".msg").last).to_contain_text("Thank you")
    await expect(ana.pane.get_by_role("button", name="2 replies")).to_be_visible()
    await expect(ana.pane.get_by_text("Thank you")).to_have_count(0)


async def test_a_missing_response_of_the_app_is_shown_to_the_person(window: Open, site: Stage) -> None:
    site.workspace.limits.ack = timedelta(seconds=0.5)
    dana = await window("U0DANA")
    await dana.say("/turso slow")
    await expect(dana.page.get_by_role("status")).to_contain_text("the app did not respond")


async def test_faults_and_the_clock_can_be_set_on_the_page(window: Open, site: Stage) -> None:
    dana = await window("U0DANA")
    await dana.page.keyboard.press("Control+i")
    await dana.page.get_by_text("Faults –").click()
    await dana.page.get_by_text("Cut the line to the app").click()
    await expect(dana.page.locator(".switch:checked")).to_have_count(1)
    await dana.say("/turso hello")
    await expect(dana.page.get_by_role("status")).to_contain_text("dispatch_failed")
    await expect(dana.page.locator(".log .entry").first).to_contain_text("connection_failed")
    await dana.page.get_by_text("Cut the line to the app").click()
    before = site.workspace.now()
    await dana.press("+1 h")
    await expect(dana.page.get_by_text("– 1 h ahead of this machine")).to_be_visible()
    assert (site.workspace.now() - before).total_seconds() > 3599
    await dana.say("/turso hello")
    await expect(dana.message("You said: hello")).to_be_visible()


async def test_the_inspector_shows_payload_answer_time_and_signature(window: Open) -> None:
    dana = await window("U0DANA")
    await dana.say("/turso hello")
    await dana.page.keyboard.press("Control+i")
    entry = dana.page.locator(".log .entry", has_text="slash_commands")
    await entry.locator("summary").click()
    await expect(entry).to_contain_text('"text": "hello"')
    await expect(entry).to_contain_text("accepted by the app")
    await expect(entry).to_contain_text("v0=")
    await expect(entry.locator(".cost")).to_contain_text("ms")
    call = dana.page.locator(".log .entry", has_text="response_url").and_(dana.page.locator(".call"))
    await call.locator("summary").click()
    await expect(call).to_contain_text("You said: hello")


async def test_unread_channels_are_marked_until_they_are_opened(window: Open) -> None:
    dana, ana = await window("U0DANA"), await window("U0ANA", place="c/C0ORDERS")
    await dana.say("Good morning")
    await expect(ana.page.locator("a[data-pane=C0DBOPS] .badge")).to_have_text("1")
    await ana.page.keyboard.press("Alt+ArrowUp")
    await expect(ana.message("Good morning")).to_be_visible()
    await expect(ana.page.locator("a[data-pane=C0DBOPS] .badge")).to_be_hidden()


async def test_a_channel_appears_as_soon_as_the_person_is_added_to_it(window: Open, site: Stage) -> None:
    remy = await window("U0REMY")
    await expect(remy.page.get_by_role("link", name="team-orders")).to_have_count(0)
    await site.workspace.admin.join("U0REMY", "C0ORDERS")
    await remy.page.get_by_role("link", name="team-orders").click()
    await expect(remy.pane.get_by_role("heading", name="team-orders").first).to_be_visible()


async def test_the_page_is_readable_on_a_phone(window: Open) -> None:
    dana = await window("U0DANA", phone=True)
    for command, seen in (("/turso db list", "[data-table]"), ("/turso usage", ".b-chart .pie")):
        await dana.say(command)
        await expect(dana.pane.locator(seen)).to_be_visible()
    wide = await dana.page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 390
    box = await dana.pane.locator("[data-table]").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    await dana.pane.get_by_role("button", name="Open the menu").click()
    await dana.page.get_by_role("link", name="team-orders").click()
    await expect(dana.pane.get_by_role("heading", name="team-orders").first).to_be_visible()


async def test_the_tour_leads_from_step_to_step_and_from_person_to_person(window: Open) -> None:
    dana = await window("U0DANA", tour=True)
    tour = dana.page.get_by_label("Guided tour")
    await expect(tour).to_contain_text("1 of 8")
    await dana.press("List the databases", tour)
    await expect(dana.composer).to_have_value("/turso db list")
    await dana.page.keyboard.press("Enter")
    await expect(dana.pane.locator("[data-table]")).to_be_visible()
    for step in (2, 3, 4):
        await dana.press("Next", tour)
        await expect(tour).to_contain_text(f"{step} of 8")
    await dana.press("Approve as Ana", tour)
    await expect(dana.page.get_by_text("You are Ana Torres")).to_be_visible()
    await expect(tour).to_contain_text("4 of 8")
    for _ in (5, 6, 7, 8):
        await dana.press("Next", tour)
    await dana.press("Finish", tour)
    await expect(tour).to_be_hidden()
    await dana.page.get_by_role("link", name="Guided tour").click()
    await expect(tour).to_contain_text("1 of 8")


async def test_the_tour_covers_neither_messages_nor_their_actions(window: Open, site: Stage) -> None:
    dana = await window("U0DANA", tour=True)
    for number in range(12):
        await site.workspace.say("U0ANA", "C0DBOPS", f"Line {number} {'x ' * 80}")
    for width in (800, 1280, 1440, 1920):
        await dana.page.set_viewport_size({"width": width, "height": 820})
        tour = await dana.page.get_by_label("Guided tour").bounding_box()
        assert tour
        for number in range(8, 12):
            message = dana.message(f"Line {number} ")
            await message.hover()
            for box in (await message.bounding_box(), await message.locator(".tools").bounding_box()):
                assert box
                beside = box["x"] + box["width"] <= tour["x"] or tour["x"] + tour["width"] <= box["x"]
                is_clear = beside or box["y"] + box["height"] <= tour["y"] or tour["y"] + tour["height"] <= box["y"]
                assert is_clear, f"line {number} at {width} px"


async def test_a_broken_stream_reconnects_and_delivers_the_missed_events(window: Open, site: Stage) -> None:
    dana = await window("U0DANA")
    await dana.say("Before")
    await expect(dana.message("Before")).to_be_visible()
    site.workspace.state.changes.interrupt()  # ends every stream
    await site.workspace.say("U0ANA", "C0DBOPS", "In the dark")
    await expect(dana.message("In the dark")).to_be_visible()
    await site.workspace.say("U0ANA", "C0DBOPS", "And live again")
    await expect(dana.message("And live again")).to_be_visible()
    await expect(dana.pane.get_by_text("Before")).to_have_count(1)
    dana.troubles = [each for each in dana.troubles if each != "[object Event]"]  # htmx logs the interruption


async def test_a_few_letters_in_the_switcher_find_channels_and_people(window: Open) -> None:
    dana = await window("U0DANA")
    await dana.page.keyboard.press("Control+k")
    await dana.page.keyboard.type("orders")
    await dana.page.keyboard.press("Enter")
    await expect(dana.pane.get_by_role("heading", name="team-orders").first).to_be_visible()
    await dana.page.keyboard.press("Control+k")
    await dana.page.keyboard.type("remy")
    await dana.page.keyboard.press("Enter")
    await expect(dana.page.get_by_text("You are Remy Laurent")).to_be_visible()


async def test_dates_are_shown_in_the_time_zone_of_the_viewer(window: Open, site: Stage) -> None:
    for pattern in ("{date_num} {time}", "{date_long}", "{date_short_pretty} at {time}", "{nonsense}"):
        text = f"A <!date^1793500000^{pattern}|2026-11-01 02:26 UTC>"
        state = site.workspace.state
        state.add_message(Message(channel_id="C0DBOPS", ts=state.stamp(), user_id="U0ANA", text=text))
    dana = await window("U0DANA")  # her time zone is that of Madrid
    dates = [
        each.replace(" 03:", " 3:").replace(",", "") for each in await dana.messages.locator(".text").all_inner_texts()
    ]
    assert dates == ["A 2026-11-01 3:26", "A Sunday 1 November 2026", "A 1 Nov 2026 at 3:26", "A {nonsense}"]
    now = int(site.workspace.now().timestamp())
    await site.workspace.say("U0ANA", "C0DBOPS", f"Seen <!date^{now}^{{date_pretty}}|now>")
    await expect(dana.messages.last).to_contain_text("Seen today")


async def test_a_hidden_window_closes_its_stream_and_catches_up_when_it_is_shown(window: Open, site: Stage) -> None:
    dana = await window("U0DANA")
    feeds = site.workspace.state.changes
    await dana.page.clock.install()
    await dana.page.evaluate("""() => {
      window.unseen = true;
      Object.defineProperty(document, 'hidden', { get: () => window.unseen });
      document.dispatchEvent(new Event('visibilitychange'));
    }""")
    await dana.page.clock.run_for(11_000)
    await until(lambda: not feeds._subscriptions, what="the stream to end")
    await site.workspace.say("U0ANA", "C0DBOPS", "While you were away")
    await dana.page.evaluate("window.unseen = false; document.dispatchEvent(new Event('visibilitychange'))")
    await expect(dana.message("While you were away")).to_be_visible()
    await site.workspace.say("U0ANA", "C0DBOPS", "Welcome back")
    await expect(dana.message("Welcome back")).to_be_visible()
