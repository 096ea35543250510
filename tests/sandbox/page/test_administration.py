"""The administration panel, custom faults, deleted messages and broadcast replies on the page."""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from bot.sandbox.page.administration import OPERATIONS
from bot.sandbox.page.faults import ANSWERS
from bot.sandbox.workspace import Message, Workspace
from bot.sandbox.workspace.seed import DANA, DB_OPS, GENERAL, GIL, OTHER_TEAM, REMY, SHARED, STELLA, ZED
from tests.sandbox.page.conftest import ORIGIN

OURS = {"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin", "HX-Request": "true"}


async def administer(page: Any, kind: str, subject: str, do: str, value: str = "") -> str:
    """Press a button of the panel, and return the row that the page then shows."""
    answer = await page.post(f"/as/U0ANA/lab/admin/{kind}/{subject}", data={"do": do, "value": value}, headers=OURS)
    assert answer.status_code == 200
    return str(answer.text)


Operation = tuple[str, Callable[[Any], object]]
"""The value that the button sends, and a function that checks the changed object."""
CHANNEL_OPERATIONS: dict[str, Operation] = {
    "archive": ("", lambda channel: channel.is_archived),
    "unarchive": ("", lambda channel: not channel.is_archived),
    "remove_app": ("", lambda channel: "U0TURSO" not in channel.members),
    "invite_app": ("", lambda channel: "U0TURSO" in channel.members),
    "offer": ("", lambda channel: channel.is_pending_ext_shared and not channel.is_ext_shared),
    "share": ("", lambda channel: channel.is_ext_shared and not channel.is_pending_ext_shared),
    "add": (STELLA, lambda channel: STELLA in channel.members),
    "unshare": ("", lambda channel: not channel.is_ext_shared and STELLA not in channel.members),
    "remove": (DANA, lambda channel: DANA not in channel.members),
    "posting": ("admins", lambda channel: channel.posting == "admins"),
}
PERSON_OPERATIONS: dict[str, Operation] = {
    "guest": ("", lambda person: person.is_restricted and not person.is_ultra_restricted),
    "single": ("", lambda person: person.is_ultra_restricted),
    "member": ("", lambda person: not person.is_guest),
    "rename": ("Dana Kimura", lambda person: person.real_name == "Dana Kimura"),
    "deactivate": ("", lambda person: person.deleted),
    "reactivate": ("", lambda person: not person.deleted),
}
GROUP_OPERATIONS: dict[str, Operation] = {
    "add": (REMY, lambda group: REMY in group.users),
    "remove": (REMY, lambda group: REMY not in group.users),
    "disable": ("", lambda group: group.disabled),
    "enable": ("", lambda group: not group.disabled),
}


async def test_every_button_of_a_channel_does_what_it_says(page: httpx.AsyncClient, workspace: Workspace) -> None:
    for do, (value, done) in CHANNEL_OPERATIONS.items():
        row = await administer(page, "channel", DB_OPS, do, value)
        assert done(workspace.channels[DB_OPS]), do
        assert f'data-admin="{DB_OPS}" open' in row
    assert await administer(page, "channel", DB_OPS, "delete") == ""
    assert DB_OPS not in workspace.channels
    assert {*CHANNEL_OPERATIONS, "delete"} == OPERATIONS["channel"].keys()


async def test_every_button_of_a_person_does_what_it_says(page: httpx.AsyncClient, workspace: Workspace) -> None:
    for do, (value, done) in PERSON_OPERATIONS.items():
        await administer(page, "person", DANA, do, value)
        assert done(workspace.people[DANA]), do
    assert PERSON_OPERATIONS.keys() == OPERATIONS["person"].keys()


async def test_every_button_of_a_group_does_what_it_says(page: httpx.AsyncClient, workspace: Workspace) -> None:
    for do, (value, done) in GROUP_OPERATIONS.items():
        await administer(page, "group", "S0DBA", do, value)
        assert done(workspace.usergroups["S0DBA"]), do
    assert GROUP_OPERATIONS.keys() == OPERATIONS["group"].keys()


async def test_the_panel_shows_the_current_state_of_every_channel_person_and_group(
    page: httpx.AsyncClient, workspace: Workspace
) -> None:
    await workspace.admin.archive(GENERAL)
    await workspace.admin.share(DB_OPS, OTHER_TEAM, pending=True)
    shown = (await page.get("/as/U0ANA/lab")).text
    rows = {each.split('"')[0]: each.split("</summary>")[0] for each in shown.split('data-admin="')[1:]}

    assert "archived" in rows[GENERAL]
    assert "the bot is not here" in rows[GENERAL]
    assert "another company is invited" in rows[DB_OPS]
    assert "shared with another company" in rows[SHARED]
    assert "deactivated" in rows[ZED]
    assert "guest" in rows[GIL]
    assert "of another company" in rows[STELLA]
    assert "2 people" in rows["S0DBA"]


async def test_a_deactivated_person_has_a_button_to_be_reactivated_even_if_deactivated_twice(
    page: httpx.AsyncClient, workspace: Workspace
) -> None:
    assert "Reactivate" not in await administer(page, "person", DANA, "member")
    for _ in range(2):
        assert "Reactivate" in await administer(page, "person", DANA, "deactivate")
        assert workspace.people[DANA].deleted


async def test_any_message_can_be_deleted(page: httpx.AsyncClient, workspace: Workspace) -> None:
    state = workspace.state
    message = state.add_message(Message(channel_id=DB_OPS, ts=state.stamp(), user_id="U0TURSO", text="a card"))
    assert f"/as/U0DANA/delete/{DB_OPS}/{message.ts}" in (await page.get(f"/as/U0DANA/c/{DB_OPS}?pane=1")).text
    deleting = f"/as/U0DANA/delete/{DB_OPS}/{message.ts}"

    assert (await page.post(deleting, headers=OURS)).status_code == 204
    assert workspace.history(DB_OPS, None) == []
    assert "That message no longer exists." in (await page.post(deleting, headers=OURS)).text


@pytest.mark.parametrize("answer", ANSWERS)
async def test_a_custom_fault_is_created_shown_and_switched_off(
    page: httpx.AsyncClient, workspace: Workspace, answer: Any
) -> None:
    form = {"method": "chat.update", "answer": answer, "code": "team_added_to_org", "times": "2"}
    shown = (await page.post("/as/U0DANA/lab/own-faults", data=form, headers=OURS)).text
    (fault,) = workspace.faults.active

    chosen = ANSWERS[answer]
    assert (fault.method, fault.times, fault.trouble) == ("chat.update", 2, chosen.trouble)
    assert (fault.status, fault.retry_after, fault.error) == (chosen.status, chosen.retry_after, "team_added_to_org")
    assert f"chat.update gets {chosen.label}" in html.unescape(shown)
    assert "2 more times" in shown
    shown = (await page.post(f"/as/U0DANA/lab/own-faults/{fault.id}/off", headers=OURS)).text
    assert workspace.faults.active == []
    assert "Switch off" not in shown


async def test_the_button_of_a_custom_fault_still_works_after_an_earlier_fault_is_used_up(
    page: httpx.AsyncClient, workspace: Workspace
) -> None:
    once = workspace.faults.add("html", "chat.update", times=1)
    second = workspace.faults.add("html", "views.open")
    third = workspace.faults.add("html", "users.info")

    assert workspace.faults.take("html", "chat.update") is once
    await page.post(f"/as/U0DANA/lab/own-faults/{second.id}/off", headers=OURS)

    assert workspace.faults.active == [third]


async def test_the_switches_of_other_faults_do_not_change_custom_faults(
    page: httpx.AsyncClient, workspace: Workspace
) -> None:
    own = workspace.faults.add("slow", "chat.update")
    for on in ("1", "0"):
        await page.post("/as/U0DANA/lab/faults/slow", data={"on": on}, headers=OURS)
        assert (len(workspace.faults.active) == 2) == (on == "1")

    assert workspace.faults.active == [own]


async def test_a_broadcast_reply_links_to_its_thread(page: httpx.AsyncClient, workspace: Workspace) -> None:
    state = workspace.state
    root = state.add_message(Message(channel_id=DB_OPS, ts=state.stamp(), user_id=DANA, text="root"))
    ts = state.stamp()
    state.add_message(
        Message(channel_id=DB_OPS, ts=ts, user_id=DANA, text="done", thread_ts=root.ts, reply_broadcast=True)
    )

    shown = (await page.get(f"/as/U0DANA/c/{DB_OPS}?pane=1")).text.split(f'data-ts="{ts}"')[1]
    assert "replied to a" in shown
    assert f'hx-get="/as/U0DANA/t/{DB_OPS}/{root.ts}"' in shown
    assert "also sent to the channel" in (await page.get(f"/as/U0DANA/t/{DB_OPS}/{root.ts}")).text
