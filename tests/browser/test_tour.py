"""The guided tour covers neither the heading of the channel nor the composer, on phones, tablets and larger screens."""

from __future__ import annotations

import pytest

from tests.browser.conftest import Open

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
STEPS = 8


async def test_the_tour_covers_neither_the_channels_heading_nor_the_composer(window: Open) -> None:
    dana = await window("U0DANA", tour=True)
    tour = dana.page.get_by_label("Guided tour")
    for width in (360, 390, 760, 800, 1280):
        await dana.page.set_viewport_size({"width": width, "height": 844})
        await dana.page.evaluate("localStorage.setItem('turso-ops-tour', '0')")
        await dana.page.reload()
        for step in range(1, STEPS + 1):
            await tour.get_by_text(f"{step} of {STEPS}").wait_for()
            card = await tour.bounding_box()
            assert card is not None
            for part in (dana.composer, dana.pane.locator(".pane-head"), dana.pane.locator(".composer-wrap")):
                box = await part.bounding_box()
                assert box is not None
                beside = card["x"] + card["width"] <= box["x"] or box["x"] + box["width"] <= card["x"]
                above = card["y"] + card["height"] <= box["y"] or box["y"] + box["height"] <= card["y"]
                assert beside or above, f"step {step} covers {part} at {width} px"
            assert card["y"] + card["height"] <= 844, f"step {step} at {width} px"
            if step < STEPS:
                await tour.get_by_role("button", name="Next").click()
