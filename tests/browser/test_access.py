"""The page is accessible: controls have names, text has enough contrast, and requests work with the keyboard."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Open

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

# Returns the visible controls and regions without a name for screen readers.
NAMELESS = """() => [...document.querySelectorAll('button, a, input, textarea, summary, dialog, section')]
  .filter((each) => each.checkVisibility())
  .filter((each) => !(each.getAttribute('aria-label') || each.textContent.trim() || each.placeholder || each.title
    || each.labels?.length || document.getElementById(each.getAttribute('aria-labelledby'))))
  .map((each) => each.outerHTML.slice(0, 120))"""

# Returns the texts with a contrast ratio below 4.5 (WCAG AA) to the nearest background behind them.
CONTRAST = """() => {
  const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
  const rgb = (color) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data]; };
  const linear = (c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  const light = ([r, g, b]) => 0.2126 * linear(r / 255) + 0.7152 * linear(g / 255) + 0.0722 * linear(b / 255);
  const behind = (node) => { for (let at = node; at; at = at.parentElement) {
    const color = rgb(getComputedStyle(at).backgroundColor);
    if (color[3] > 250) return color;
  } return [255, 255, 255]; };
  const weak = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !node.checkVisibility() || node.closest('script, :disabled, svg')) continue;
    const pair = [light(rgb(getComputedStyle(node).color)), light(behind(node))].sort((one, other) => other - one);
    const ratio = (pair[0] + 0.05) / (pair[1] + 0.05);
    const text = walker.currentNode.data.trim().slice(0, 40);
    if (ratio < 4.5) weak.push(`${ratio.toFixed(2)} ${text} <${node.className}>`);
  }
  return [...new Set(weak)];
}"""


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
async def test_every_control_has_a_name_and_every_text_has_enough_contrast(window: Open, dark: bool) -> None:
    dana = await window("U0DANA", dark=dark, tour=True)
    await dana.say("/turso gallery")
    await expect(dana.pane.locator(".feedback")).to_be_visible()
    await dana.say("/turso token orders")
    await dana.press("Reveal")
    await expect(dana.message("Copy it now")).to_be_visible()
    await dana.page.keyboard.press("Control+i")
    await expect(dana.page.locator(".log .entry").first).to_be_visible()
    await dana.page.get_by_label("You are Dana Kim").click()
    await dana.page.evaluate("document.querySelectorAll('.msg').forEach((each) => each.classList.remove('fresh'))")
    assert await dana.page.evaluate(NAMELESS) == []
    assert await dana.page.evaluate(CONTRAST) == []


async def test_an_operation_can_be_requested_and_denied_without_a_mouse(window: Open) -> None:
    ana = await window("U0ANA")
    await ana.page.keyboard.type("/turso db destroy scratch-eu")
    await ana.page.keyboard.press("Enter")
    await expect(ana.message("asks to destroy")).to_be_visible()
    for _ in range(12):  # backwards from the composer to the buttons of the latest message
        await ana.page.keyboard.press("Shift+Tab")
        if await ana.page.evaluate("document.activeElement.textContent") == "Deny":
            break
    await ana.page.keyboard.press("Enter")
    await expect(ana.page.locator("#confirm[open]").get_by_role("button", name="Yes, deny")).to_be_focused()
    await ana.page.keyboard.press("Enter")
    await expect(ana.message("Denied by @Ana Torres")).to_be_visible()
