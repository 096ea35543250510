"""Files that the app shared can be seen and downloaded only by people who see the channel."""

from __future__ import annotations

import httpx
import pytest

from bot.sandbox.workspace import Message, Workspace

HOSTILE = "# Report\n<script>alert(1)</script>\n" + "line\n" * 40


@pytest.fixture
def shared(workspace: Workspace) -> Message:
    state = workspace.state
    state.files["F1"] = {"id": "F1", "name": "réport <1>.md", "content": HOSTILE.encode(), "size": len(HOSTILE)}
    file = {"id": "F1", "name": "réport <1>.md", "title": "Report", "size": len(HOSTILE)}
    message = Message(channel_id="C0ORDERS", ts=state.stamp(), user_id=state.app.bot_user_id, files=[file])
    return state.add_message(message)


async def test_a_text_file_is_previewed_as_text_and_not_as_html(page: httpx.AsyncClient, shared: Message) -> None:
    html = (await page.get("/as/U0DANA/c/C0ORDERS")).text
    assert "# Report\n&lt;script&gt;" in html
    assert "line\n…" in html
    assert "<script>alert" not in html


async def test_a_file_is_downloaded_and_never_opened_in_the_browser(page: httpx.AsyncClient, shared: Message) -> None:
    answer = await page.get("/as/U0DANA/files/F1")
    assert answer.text == HOSTILE
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''r%C3%A9port%20%3C1%3E.md"
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_person_who_does_not_see_the_channel_cannot_get_the_file(
    page: httpx.AsyncClient, shared: Message
) -> None:
    assert (await page.get("/as/U0REMY/files/F1")).status_code == 404
    assert (await page.get("/as/U0DANA/files/F2")).status_code == 404
