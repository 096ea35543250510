"""A person's browser window, with methods for what people do on the page."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass, field
from pathlib import Path

from playwright.async_api import Browser, BrowserContext, Locator, Page, expect

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"


@dataclass
class Window:
    """One person's window, with the errors that occurred in it and the addresses that it requested."""

    page: Page
    context: BrowserContext
    origin: str
    person: str
    troubles: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    @property
    def pane(self) -> Locator:
        return self.page.locator(".pane:not([hidden])")

    @property
    def composer(self) -> Locator:
        return self.pane.locator(".composer textarea")

    @property
    def modal(self) -> Locator:
        return self.page.locator("#modals dialog[open]")

    @property
    def messages(self) -> Locator:
        return self.pane.locator(".msg")

    def message(self, text: str) -> Locator:
        """Return a locator of the latest message that contains a text."""
        return self.pane.locator(".msg", has_text=text).last

    async def go(self, place: str = "c/C0DBOPS") -> None:
        await self.page.goto(f"{self.origin}/as/{self.person}/{place}")
        await self.page.wait_for_selector("html[data-ready][data-live]", state="attached")

    async def say(self, text: str) -> None:
        """Send a text from the composer."""
        await self.composer.fill(text)
        await self.composer.press("Enter")
        if await self.composer.input_value():  # the first Enter accepted a suggestion
            await self.composer.press("Enter")

    async def press(self, button: str, within: Locator | None = None) -> None:
        """Press the last button with this label, on the page or within an element."""
        await (within or self.page).get_by_role("button", name=button).last.click()

    async def opens(self, button: str, within: Locator) -> None:
        """Press a button until its modal is shown.

        On a busy machine, the trigger of the first press may expire, because it is valid for only three seconds.
        """
        for wait in (6_000, 6_000, 15_000):
            await self.press(button, within)
            with contextlib.suppress(AssertionError):
                await expect(self.modal.first).to_be_visible(timeout=wait)
                return
        raise AssertionError(f"no modal: {await self.pane.inner_text()}")

    async def confirms(self, button: str, within: Locator) -> None:
        """Press a button until it asks for confirmation, and confirm.

        A press is lost if the card is replaced at the same moment.
        """
        dialog = self.page.locator("#confirm[open]")
        for wait in (6_000, 6_000, 15_000):
            await self.press(button, within)
            with contextlib.suppress(AssertionError):
                await expect(dialog).to_be_visible(timeout=wait)
                await self.press(button, dialog)
                return
        raise AssertionError(f"no confirmation: {await self.pane.inner_text()}")

    async def picture(self, name: str, of: Locator | None = None) -> None:
        """Scroll to the element `of`, if one is given. Take a screenshot for the docs if `PICTURES` is 1."""
        if of is not None:
            await of.evaluate("element => element.scrollIntoView({ block: 'start' })")
        if os.environ.get("PICTURES") == "1":
            PICTURES.mkdir(parents=True, exist_ok=True)
            await self.page.wait_for_timeout(1000)  # until animations have ended
            await self.page.screenshot(path=PICTURES / f"{name}.png")


async def open_window(
    browser: Browser, origin: str, person: str, *, place: str = "c/C0DBOPS", tour: bool = False, phone: bool = False,
    dark: bool = False,
) -> Window:  # fmt: skip
    """Open a window that shares no storage with others, and wait until it is live."""
    size = {"width": 390, "height": 844} if phone else {"width": 1280, "height": 820}
    context = await browser.new_context(
        viewport=size,  # type: ignore[arg-type]
        color_scheme="dark" if dark else "light",
        has_touch=phone,
        is_mobile=phone,
        device_scale_factor=1.5 if os.environ.get("PICTURES") == "1" else 1,
        timezone_id="Europe/Madrid",
        locale="en-GB",
        permissions=["clipboard-read", "clipboard-write"],
    )
    context.set_default_timeout(15_000)
    if not tour:
        await context.add_init_script("localStorage.setItem('turso-ops-tour', 'closed')")
    page = await context.new_page()
    window = Window(page, context, origin, person)
    page.on("pageerror", lambda error: window.troubles.append(f"error: {error}"))
    page.on("console", lambda said: window.troubles.append(said.text) if said.type == "error" else None)
    page.on("request", lambda request: window.requests.append(request.url))
    await window.go(place)
    return window
