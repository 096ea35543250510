"""The page refuses requests from outside: another host name, another origin, another page."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from bot.sandbox.workspace import Workspace
from tests.sandbox.page.conftest import ORIGIN

OURS = {"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin", "HX-Request": "true"}
CHANNEL = "/as/U0DANA/c/C0DBOPS"
SAID = {"channel": "C0DBOPS", "text": "hello"}


async def test_actions_of_the_page_itself_are_accepted(page: httpx.AsyncClient, workspace: Workspace) -> None:
    assert (await page.post("/as/U0DANA/say", data=SAID, headers=OURS)).status_code == 204
    assert [each.text for each in workspace.history("C0DBOPS", "U0DANA")] == ["hello"]


OTHERS = {
    "a form on another page": {"Origin": "https://evil.example"},
    "a sandboxed frame": {"Origin": "null"},
    "another port of this machine": {"Origin": "http://127.0.0.1:4000"},
    "the browser says cross-site": {**OURS, "Sec-Fetch-Site": "cross-site"},
    "the browser says same-site": {**OURS, "Sec-Fetch-Site": "same-site"},
    "a plain form, without the header that needs a preflight": {"Origin": ORIGIN},
    "rebinding": {**OURS, "Host": "rebound.example:3000", "Origin": "http://rebound.example:3000"},
    "a name that begins like ours": {**OURS, "Host": "127.0.0.1.evil.example"},
}


@pytest.mark.parametrize(
    "path",
    [
        "say",
        "act",
        "suggest",
        "home/open",
        "lab/clock",
        "lab/faults/duplicate",
        "lab/own-faults",
        "lab/own-faults/0/off",
        "lab/admin/channel/C0DBOPS",
        "delete/C0DBOPS/1.2",
        "views/V1/submit",
        "views/V1/close",
    ],
)
async def test_actions_from_other_origins_are_refused(page: httpx.AsyncClient, workspace: Workspace, path: str) -> None:
    answers = {
        other: await page.post(f"/as/U0DANA/{path}", data=SAID, headers=headers) for other, headers in OTHERS.items()
    }
    assert {other: answer.status_code for other, answer in answers.items()} == dict.fromkeys(OTHERS, 403)
    assert workspace.history("C0DBOPS", "U0DANA") == []
    assert workspace.deliveries == []
    assert workspace.faults.active == []
    assert not workspace.state.time.moved


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
@pytest.mark.parametrize("path", [CHANNEL, "/as/U0DANA/lab", "/as/U0DANA/stream/x", "/page/js/main.js"])
async def test_pages_of_other_origins_cannot_read_this_page(page: httpx.AsyncClient, path: Any, site: str) -> None:
    answer = await page.get(
        path, headers={"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}
    )
    assert answer.status_code == 403


async def test_a_link_from_another_site_can_be_followed_but_the_page_cannot_be_framed(page: httpx.AsyncClient) -> None:
    followed = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert (await page.get(CHANNEL, headers=followed)).status_code == 200
    framed = {**followed, "Sec-Fetch-Dest": "iframe"}
    assert (await page.get(CHANNEL, headers=framed)).status_code == 403


async def test_reading_a_page_sends_nothing_to_the_app(page: httpx.AsyncClient, workspace: Workspace) -> None:
    for path in (CHANNEL, "/as/U0DANA/home", "/as/U0DANA/lab"):
        assert (await page.get(path)).status_code == 200
    assert workspace.deliveries == []


@pytest.mark.parametrize("path", ["/as/U0DANA/say", "/as/U0DANA/act", "/as/U0DANA/lab/clock", "/as/U0DANA/home/open"])
async def test_actions_cannot_be_requested_by_get(page: httpx.AsyncClient, path: str) -> None:
    assert (await page.get(path)).status_code in (404, 405)


async def test_every_response_forbids_foreign_scripts_frames_and_loads(page: httpx.AsyncClient) -> None:
    for path in (CHANNEL, "/page/js/main.js", "/as/U0NOBODY/home"):
        policy = (await page.get(path)).headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
        assert "style-src 'self';" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy


async def test_the_page_has_no_inline_script_or_style(page: httpx.AsyncClient) -> None:
    html = (await page.get(CHANNEL)).text
    assert " style=" not in html
    assert "<style" not in html
    assert " onclick=" not in html
    scripts = [each.split(">")[0] for each in html.split("<script")[1:]]
    assert scripts
    assert all('src="/page/' in each or 'type="application/json"' in each for each in scripts)


async def test_names_and_hints_cannot_end_their_script_element(page: httpx.AsyncClient, workspace: Workspace) -> None:
    workspace.people["U0BEN"].name = "</script><script>alert(1)</script>"
    workspace.people["U0BEN"].real_name = "<img src=x onerror=alert(1)>"
    html = (await page.get(CHANNEL)).text
    assert "alert(1)" in html, "the names are on the page"
    assert "<script>alert" not in html
    assert "<img" not in html


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("/as/U0NOBODY/c/C0DBOPS", id="nobody"),
        pytest.param("/as/U0ZED/c/C0DBOPS", id="a person who left"),
        pytest.param("/as/U0TURSO/c/C0DBOPS", id="the app itself"),
        pytest.param("/as/U0GIL/c/C0INCCHK", id="a channel that a guest does not see"),
        pytest.param("/as/U0REMY/c/C0ORDERS", id="a private channel of others"),
        pytest.param("/as/U0DANA/c/C0NONE", id="no such channel"),
        pytest.param("/as/U0DANA/t/C0DBOPS/1.2", id="no such thread"),
        pytest.param("/as/U0DANA/lab/c0", id="no such call"),
        pytest.param("/as/U0DANA/lab/dNone", id="no such delivery"),
    ],
)
async def test_a_missing_or_foreign_object_is_404(page: httpx.AsyncClient, path: str) -> None:
    visited = await page.get(path)
    assert visited.status_code == 404
    assert "Back to the workspace" in visited.text
    asked = await page.get(path, headers={"HX-Request": "true"})
    assert asked.status_code == 404
    assert "<" not in asked.text


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("say", {"channel": "C0NONE", "text": "x"}),
        ("say", {"channel": "C0DBOPS", "text": "  "}),
        ("act", {"payload": "no json"}),
        ("act", {"payload": "[1]"}),
        ("views/V1/submit", {"payload": '{"values": 1}'}),
        ("lab/clock", {"minutes": "-5"}),
        ("lab/clock", {"minutes": "99999999"}),
        ("lab/faults/none", {"on": "1"}),
        ("lab/own-faults", {"method": "chat.nothing", "answer": "html-520"}),
        ("lab/own-faults", {"method": "*", "answer": "error"}),
        ("lab/own-faults", {"method": "*", "answer": "html-520", "times": "-1"}),
        ("lab/admin/channel/C0NONE", {"do": "archive"}),
        ("lab/admin/channel/C0DBOPS", {"do": "nothing"}),
        ("lab/admin/channel/C0DBOPS", {"do": "add", "value": "U0NOBODY"}),
        ("lab/admin/channel/C0DBOPS", {"do": "posting", "value": "nobody"}),
        ("lab/admin/person/U0DANA", {"do": "rename", "value": " "}),
        ("lab/admin/building/U0DANA", {"do": "archive"}),
    ],
)
async def test_nonsense_is_refused_without_a_crash(page: httpx.AsyncClient, path: str, data: dict[str, str]) -> None:
    assert (await page.post(f"/as/U0DANA/{path}", data=data, headers=OURS)).status_code in (400, 404)


async def test_an_action_that_slack_would_refuse_is_shown_as_a_toast(page: httpx.AsyncClient) -> None:
    answer = await page.post("/as/U0GIL/say", data=SAID, headers=OURS)
    assert answer.status_code == 200
    assert answer.text.startswith('<div class="toast bad">')
    assert "not in this conversation" in answer.text
    gone = '{"message": "1.2", "channel": "C0DBOPS", "action": "approve"}'
    answer = await page.post("/as/U0DANA/act", data={"payload": gone}, headers=OURS)
    assert answer.text.startswith('<div class="toast bad">')
    assert "That message no longer exists" in answer.text
