"""Slash commands: the fields that are sent, who may run them where, and how the answer is shown."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.sandbox.workspace import CannotAct, Workspace
from bot.sandbox.workspace.model import Channel
from bot.sandbox.workspace.seed import BEN, DANA, DB_OPS, GENERAL, GIL, ORDERS, SHARED, STELLA, ZED
from tests.present import present
from tests.sandbox.workspace.stage import Recorder, connected


async def test_a_command_is_sent_with_the_same_fields_as_by_slack(workspace: Workspace, app: Recorder) -> None:
    await workspace.say(DANA, DB_OPS, "/turso db list prod")

    form = app.form
    assert form.pop("response_url").startswith(f"{workspace.origin}/commands/T0ACME/")
    assert form.pop("trigger_id").count(".") == 2
    assert form == {
        "token": "legacy",
        "team_id": "T0ACME",
        "team_domain": "acme",
        "channel_id": DB_OPS,
        "channel_name": "db-ops",
        "user_id": DANA,
        "user_name": "dana",
        "command": "/turso",
        "text": "db list prod",
        "api_app_id": "A0TURSO",
        "is_enterprise_install": "false",
    }


async def test_on_grid_the_fields_name_the_organization(workspace: Workspace, app: Recorder) -> None:
    workspace.install_org_wide("E0ACME")
    await workspace.say(DANA, DB_OPS, "/turso")

    assert (app.form["enterprise_id"], app.form["is_enterprise_install"]) == ("E0ACME", "true")


async def test_the_text_may_be_empty(workspace: Workspace, app: Recorder) -> None:
    await workspace.say(DANA, DB_OPS, "/turso")

    assert app.form["text"] == ""


@pytest.mark.parametrize(
    ("channel_id", "name"), [(DB_OPS, "db-ops"), (ORDERS, "privategroup")], ids=["public", "private"]
)
async def test_the_name_of_a_channel_that_is_not_public_is_hidden(
    workspace: Workspace, app: Recorder, channel_id: Any, name: str
) -> None:
    await workspace.say(DANA, channel_id, "/turso")

    assert (app.form["channel_id"], app.form["channel_name"]) == (channel_id, name)


async def test_a_direct_message_has_a_fixed_name_and_a_group_keeps_its_own(workspace: Workspace, app: Recorder) -> None:
    await workspace.say(DANA, workspace.state.direct_channel(DANA).id, "/turso")
    assert app.form["channel_name"] == "directmessage"

    group = Channel(id="C0GROUP", name="mpdm-a--b-1", created=workspace.now(), is_mpim=True, members=[DANA, BEN])
    workspace.channels["C0GROUP"] = group
    await workspace.say(DANA, "C0GROUP", "/turso")
    assert app.form["channel_name"] == "mpdm-a--b-1"


async def test_a_command_works_where_the_app_is_not_a_member(workspace: Workspace, app: Recorder) -> None:
    two = Channel(id="D0TWO", name=BEN, created=workspace.now(), is_im=True, members=[DANA, BEN])
    workspace.channels["D0TWO"] = two
    for channel_id in (GENERAL, "D0TWO"):
        assert present((await workspace.say(DANA, channel_id, "/turso")).delivery).ok


async def test_a_command_is_refused_in_threads_without_a_delivery(workspace: Workspace, app: Recorder) -> None:
    message = (await workspace.say(DANA, DB_OPS, "hello")).message
    deliveries = len(app.got)
    assert message is not None
    acted = await workspace.say(DANA, DB_OPS, "/turso", thread_ts=message.ts)

    assert acted.notice == "/turso is not supported in threads. Sorry!"
    assert len(app.got) == deliveries


async def test_an_unknown_command_is_not_delivered(workspace: Workspace, app: Recorder) -> None:
    acted = await workspace.say(DANA, DB_OPS, "/deploy now")

    assert (acted.notice, app.got) == ("/deploy is not a valid command.", [])


async def test_an_external_person_in_a_shared_channel_cannot_use_the_command(
    workspace: Workspace, app: Recorder
) -> None:
    assert "not a valid command" in present((await workspace.say(STELLA, SHARED, "/turso")).notice)
    assert app.got == []
    assert present((await workspace.say(BEN, SHARED, "/turso")).delivery).ok


async def test_a_guest_may_run_a_command_and_a_deactivated_person_may_not(workspace: Workspace, app: Recorder) -> None:
    assert present((await workspace.say(GIL, ORDERS, "/turso")).delivery).ok
    with pytest.raises(CannotAct, match="deactivated"):
        await workspace.say(ZED, DB_OPS, "/turso")
    with pytest.raises(CannotAct, match="not in this conversation"):
        await workspace.say(GIL, DB_OPS, "/turso")


async def test_only_the_requester_sees_a_plain_text_answer(workspace: Workspace) -> None:
    async with connected(workspace, Recorder(b"done")):
        acted = await workspace.say(DANA, DB_OPS, "/turso")

    assert (present(acted.message).text, present(acted.message).only_for) == ("done", DANA)
    assert workspace.history(DB_OPS, BEN) == []


async def test_an_in_channel_answer_is_public_and_echoes_the_command(workspace: Workspace) -> None:
    answer = json.dumps({"response_type": "in_channel", "text": "All of them"}).encode()
    async with connected(workspace, Recorder(answer, headers={"content-type": "application/json"})):
        await workspace.say(DANA, DB_OPS, "/turso db list")

    seen = [(each.user_id, each.text) for each in workspace.history(DB_OPS, BEN)]
    assert seen == [(DANA, "/turso db list"), ("U0TURSO", "All of them")]


async def test_an_empty_answer_shows_nothing_not_even_the_command(workspace: Workspace, app: Recorder) -> None:
    acted = await workspace.say(DANA, DB_OPS, "/turso")

    assert (acted.message, acted.notice) == (None, None)
    assert workspace.history(DB_OPS, DANA) == []


async def test_an_answer_with_invalid_blocks_is_an_error_for_the_person(workspace: Workspace) -> None:
    answer = json.dumps({"blocks": [{"type": "section"}]}).encode()
    async with connected(workspace, Recorder(answer)):
        acted = await workspace.say(DANA, DB_OPS, "/turso")

    assert acted.notice == "/turso failed with the error “invalid_blocks”"


async def test_the_length_of_the_text_has_no_limit(workspace: Workspace, app: Recorder) -> None:
    await workspace.say(DANA, DB_OPS, "/turso " + "x" * 9_000)

    assert len(app.form["text"]) == 9_000
