"""Another origin can't control or read the workspace, and a browser doesn't execute anything in a message."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Browser, expect
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route

from bot.sandbox.workspace import Message, serving
from tests.browser.conftest import Open
from tests.browser.demo import Stage
from tests.sandbox.page.pieces import button, cell, mrkdwn, plain
from tests.sandbox.page.test_mrkdwn import ATTACKS

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

EVIL = """<!doctype html><title>evil</title>
<iframe name="inner"></iframe>
<form method="post" target="inner" action="{there}/as/U0DANA/say">
  <input name="channel" value="C0DBOPS"><input name="text" value="/turso db destroy scratch-eu">
</form>
<img src="{there}/as/U0DANA/c/C0DBOPS"><iframe id="frame" src="{there}/as/U0DANA/c/C0DBOPS"></iframe>
<script>
const body = new URLSearchParams({{ channel: "C0DBOPS", text: "/turso db destroy scratch-eu" }});
const there = "{there}/as/U0DANA/";
window.attempts = Promise.allSettled([
  fetch(there + "say", {{ method: "POST", body }}),
  fetch(there + "say", {{ method: "POST", body, mode: "no-cors", credentials: "include" }}),
  fetch(there + "say", {{ method: "POST", body, headers: {{ "HX-Request": "true" }} }}),
  fetch(there + "c/C0DBOPS").then((answer) => answer.text()),
  fetch(there + "lab/clock", {{ method: "POST", body: new URLSearchParams({{ minutes: 60 }}), mode: "no-cors" }}),
  new Promise((resolve, reject) => {{
    const source = new EventSource(there + "stream/x");
    source.onmessage = resolve;
    source.onerror = () => {{ source.close(); reject(new Error("refused")); }};
  }}),
]).then((all) => all.map((each) => each.status === "fulfilled" && each.value?.type !== "opaque"));
document.forms[0].submit();
</script>"""


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
async def test_a_page_of_another_origin_can_neither_act_nor_read(browser: Browser, site: Stage, name: str) -> None:
    async def evil(_: Any) -> HTMLResponse:
        return HTMLResponse(EVIL.format(there=site.origin))

    async with serving(Starlette(routes=[Route("/", evil)])) as elsewhere:
        context = await browser.new_context()
        page = await context.new_page()
        await page.goto(elsewhere.replace("127.0.0.1", name))
        assert await page.evaluate("window.attempts") == [False] * 6
        await page.wait_for_load_state("networkidle")
        await context.close()
    assert site.workspace.deliveries == []
    assert site.workspace.history("C0DBOPS", None) == []
    assert not site.workspace.state.time.moved
    assert b"db-ops" not in site.tap.sent["U0DANA"]


async def test_attacks_in_messages_are_shown_as_text(window: Open, site: Stage) -> None:
    state = site.workspace.state
    for text in ATTACKS:
        rich = {
            "type": "rich_text_section",
            "elements": [{"type": "text", "text": text}, {"type": "link", "url": text}],
        }
        blocks = [
            {"type": "section", "text": mrkdwn(text), "fields": [plain(text)]},
            {"type": "rich_text", "elements": [rich]},
            {"type": "markdown", "text": text},
            {"type": "actions", "elements": [button(text, "attack", url=text)]},
            {"type": "image", "image_url": text, "alt_text": text},
            {"type": "data_table", "caption": text, "rows": [[cell(text)], [cell(text)]]},
        ]
        for content in ({"text": text}, {"text": text, "blocks": blocks}):
            state.add_message(Message(channel_id="C0DBOPS", ts=state.stamp(), user_id=state.app.bot_user_id, **content))
    dana = await window("U0DANA")
    dialogs: list[str] = []
    dana.page.on("dialog", lambda dialog: dialogs.append(dialog.message))
    await expect(dana.messages.last).to_be_visible()
    await dana.page.evaluate("document.querySelectorAll('.msg').forEach(each => { each.style = ''; })")
    for selector in (
        "script",
        "iframe",
        "object",
        "img",
        "[onerror]",
        "[onclick]",
        "[hx-post]",
        "a[href^='javascript']",
    ):
        assert await dana.page.locator(f".msg .content {selector}").count() == 0, selector
    await dana.messages.last.get_by_role("button").first.click()
    await dana.page.wait_for_timeout(300)
    assert dialogs == []
    assert len(dana.context.pages) == 1
    assert [each.text for each in site.workspace.history("C0DBOPS", "U0DANA") if each.user_id == "U0DANA"] == []
