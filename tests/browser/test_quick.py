"""The page stays fast in a channel with a long history, because it loads only a part of it."""

from __future__ import annotations

import statistics

import pytest
from playwright.async_api import expect

from bot.sandbox.workspace import Message
from tests.browser.conftest import Open
from tests.browser.demo import Stage
from tests.browser.window import Window
from tests.sandbox.page import samples
from tests.sandbox.page.pieces import mrkdwn

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

ROUNDS, TAKES = 40, 3
"""How many messages and how many key presses are measured in one take, and how many takes there are.

The fastest take counts, because other processes affect the times.
"""
# Returns how many milliseconds the page takes from each input event to the new layout.
KEYPRESS = """async () => {
  const box = document.querySelector('.pane:not([hidden]) .composer textarea');
  const times = [];
  for (let n = 0; n < %d; n++) {
    box.value = '/turso db li'.slice(0, 4 + n %% 9);
    box.setSelectionRange(box.value.length, box.value.length);
    await new Promise(requestAnimationFrame);
    const start = performance.now();
    box.dispatchEvent(new InputEvent('input', { bubbles: true }));
    document.body.offsetHeight;
    times.push(performance.now() - start);
  }
  box.value = '';
  box.dispatchEvent(new InputEvent('input', { bubbles: true }));
  return times;
}"""
# Adds to `window.times` how many milliseconds the page takes from the event of each message to its layout.
APPENDED = """() => {
  let start = 0;
  document.addEventListener('htmx:sseBeforeMessage', () => { start = performance.now(); }, true);
  document.addEventListener('htmx:sseMessage', (event) => {
    if (!event.target.classList.contains('list')) return;
    document.body.offsetHeight;
    window.times.push(performance.now() - start);
  });
}"""


def fill(site: Stage, channel_id: str, count: int) -> None:
    """Add messages from people and from the app to a channel. Every 500th message has a table of 100 rows."""
    state = site.workspace.state
    for number in range(count):
        blocks = [samples.data_table(100, 10)] if number % 500 == 499 else []
        author = ("U0DANA", "U0ANA", state.app.bot_user_id)[number % 3]
        text = f"Message *{number}* about `orders-{number}` for <@U0BEN>"
        state.add_message(Message(channel_id=channel_id, ts=state.stamp(), user_id=author, text=text, blocks=blocks))


def percentile_90(times: list[float]) -> float:
    """Return the 90th percentile of times in milliseconds, but at least 8: people can't see less than half a frame."""
    return max(8.0, statistics.quantiles(times, n=10)[-1])


async def measured(window: Window, site: Stage, channel_id: str, take: int) -> tuple[float, float]:
    """Append messages and press keys. Return the 90th percentile of the key presses, then that of the messages."""
    await window.page.evaluate("window.times = []")
    for number in range(ROUNDS):
        state = site.workspace.state
        text = f"Appended {take}-{number}."
        section = {"type": "section", "text": mrkdwn(text)}
        blocks = [section, samples.data_table(100, 10)] if number % 10 == 0 else []
        state.add_message(Message(channel_id=channel_id, ts=state.stamp(), user_id="U0ANA", text=text, blocks=blocks))
        await expect(window.message(text)).to_be_attached()
    appended = await window.page.evaluate("window.times")
    pressed = await window.page.evaluate(KEYPRESS % ROUNDS)
    return percentile_90(pressed), percentile_90(appended)


@pytest.mark.soak
async def test_a_channel_with_two_thousand_messages_is_at_most_three_times_as_slow_as_an_empty_one(
    window: Open, site: Stage
) -> None:
    fill(site, "C0ORDERS", 2000)
    empty = await window("U0DANA", place="c/C0DBOPS")
    full = await window("U0DANA", place="c/C0ORDERS")
    assert await full.messages.count() < 100
    takes: dict[str, list[tuple[float, float]]] = {"C0DBOPS": [], "C0ORDERS": []}
    for one in (empty, full):
        await one.page.evaluate(APPENDED)
    for take in range(TAKES):
        for one, channel_id in ((empty, "C0DBOPS"), (full, "C0ORDERS")):
            takes[channel_id].append(await measured(one, site, channel_id, take))
    (key_empty, append_empty), (key_full, append_full) = (
        map(min, zip(*found, strict=True)) for found in takes.values()
    )
    print(f"keypress {key_empty:.1f} → {key_full:.1f} ms, append {append_empty:.1f} → {append_full:.1f} ms")
    assert key_full <= 3 * key_empty
    assert append_full <= 3 * append_empty


async def test_scrolling_up_loads_older_messages_and_a_list_that_gets_too_long_drops_its_oldest(
    window: Open, site: Stage
) -> None:
    fill(site, "C0DBOPS", 700)
    dana = await window("U0DANA")
    await expect(dana.message("Message 699")).to_be_visible()
    await expect(dana.messages).to_have_count(60)

    history = dana.pane.locator(".history")
    await history.hover()
    for _ in range(3):
        seen = await dana.messages.count()
        await dana.page.mouse.wheel(0, -100_000)
        await expect(dana.messages).not_to_have_count(seen)
    first = await dana.messages.first.get_attribute("data-ts")
    stamps = await dana.messages.evaluate_all("all => all.map(each => Number(each.dataset.ts))")
    assert stamps == sorted(stamps)
    assert len(set(stamps)) == len(stamps)

    # the page doesn't scroll down a person who is reading older messages, but says that there is a new one
    site.workspace.state.add_message(
        Message(channel_id="C0DBOPS", ts=site.workspace.state.stamp(), user_id="U0ANA", text="Look at this")
    )
    jump = dana.pane.get_by_role("button", name="New messages")
    await expect(jump).to_be_visible()
    assert await dana.messages.first.get_attribute("data-ts") == first
    await jump.click()
    await expect(dana.message("Look at this")).to_be_in_viewport()

    fill(site, "C0DBOPS", 300)
    await expect(dana.message("Message 299")).to_be_in_viewport()
    assert await dana.messages.count() <= 401
