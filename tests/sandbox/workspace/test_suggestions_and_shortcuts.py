"""Menus whose options the app provides while a person types, and shortcuts."""

from __future__ import annotations

import json
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.workspace import CannotAct, Workspace
from bot.sandbox.workspace.seed import DANA, DB_OPS
from tests.present import present
from tests.sandbox.workspace.stage import Recorder, actions, connected, field, modal, plain, with_trigger

MENU = {"type": "external_select", "action_id": "db", "min_query_length": 2}
OPTIONS = [{"text": plain("orders-eu"), "value": "7"}, {"text": plain("orders-us"), "value": "8"}]


@pytest.fixture
async def menu(client: AsyncWebClient) -> str:
    """Post a message with a menu, and return its `ts`."""
    return str((await client.chat_postMessage(channel=DB_OPS, text="a", blocks=actions(MENU)))["ts"])


def offering(answer: object) -> Recorder:
    """Return an app that answers every request with this JSON."""
    return Recorder(json.dumps(answer).encode(), headers={"content-type": "application/json"})


async def test_the_app_gets_the_typed_text_and_its_options_can_be_chosen(workspace: Workspace, menu: str) -> None:
    app = offering({"options": OPTIONS})
    async with connected(workspace, app):
        found = await workspace.suggest(DANA, message_ts=menu, action_id="db", text="ord")
        asked = app.payload
        await workspace.click(DANA, message_ts=menu, action_id="db", selected="8")

    assert found == OPTIONS
    assert (asked["type"], asked["action_id"], asked["block_id"], asked["value"]) == (
        "block_suggestion",
        "db",
        "row",
        "ord",
    )
    assert asked["container"]["message_ts"] == menu
    assert not {"response_url", "trigger_id"} & asked.keys()
    assert app.payload["actions"][0]["selected_option"] == OPTIONS[1]


async def test_in_a_modal_the_app_gets_the_view_and_the_choice_is_submitted(
    workspace: Workspace, app: Recorder, client: AsyncWebClient
) -> None:
    trigger = await with_trigger(workspace, app)
    view_id = (await client.views_open(trigger_id=trigger, view=modal(field("f", MENU))))["view"]["id"]
    app.body, app.extra = json.dumps({"options": OPTIONS}).encode(), {"content-type": "application/json"}
    await workspace.suggest(DANA, view_id=view_id, action_id="db", text="ord")
    assert app.payload["view"]["id"] == view_id
    app.body = b""
    await workspace.submit_view(DANA, view_id, {"f": "7"})

    assert app.payload["view"]["state"]["values"]["f"]["db"]["selected_option"] == OPTIONS[0]


async def test_an_initial_choice_can_be_kept(workspace: Workspace, app: Recorder, client: AsyncWebClient) -> None:
    trigger = await with_trigger(workspace, app)
    menu = MENU | {"initial_option": OPTIONS[0]}
    view_id = (await client.views_open(trigger_id=trigger, view=modal(field("f", menu))))["view"]["id"]

    await workspace.submit_view(DANA, view_id, {"f": OPTIONS[0]["value"]})

    assert app.payload["view"]["state"]["values"]["f"]["db"]["selected_option"] == OPTIONS[0]


async def test_too_few_characters_send_no_request(workspace: Workspace, app: Recorder, menu: str) -> None:
    assert await workspace.suggest(DANA, message_ts=menu, action_id="db", text="o") == []
    assert app.got == []


async def test_by_default_a_menu_sends_a_request_after_three_characters(
    workspace: Workspace, app: Recorder, client: AsyncWebClient
) -> None:
    plain_menu = {"type": "external_select", "action_id": "db"}
    ts = (await client.chat_postMessage(channel=DB_OPS, text="a", blocks=actions(plain_menu)))["ts"]
    await workspace.suggest(DANA, message_ts=ts, action_id="db", text="or")
    assert app.got == []
    await workspace.suggest(DANA, message_ts=ts, action_id="db", text="ord")
    assert len(app.got) == 1


@pytest.mark.parametrize(
    "answer",
    [{"options": OPTIONS * 51}, {"options": [{"text": plain("x" * 76), "value": "1"}]}, {}, {"options": "many"}],
    ids=["102 options", "text too long", "no options", "not a list"],
)
async def test_an_invalid_answer_shows_a_notice(workspace: Workspace, menu: str, answer: dict[str, Any]) -> None:
    async with connected(workspace, offering(answer)), workspace.subscribe(DANA) as changes:
        assert await workspace.suggest(DANA, message_ts=menu, action_id="db", text="ord") == []
        assert "problem loading" in present((await anext(changes)).notice).text


async def test_groups_of_options_are_accepted(workspace: Workspace, menu: str) -> None:
    groups = [{"label": plain("EU"), "options": OPTIONS}]
    async with connected(workspace, offering({"option_groups": groups})):
        assert await workspace.suggest(DANA, message_ts=menu, action_id="db", text="ord") == groups


async def test_on_grid_the_person_belongs_to_the_organization(workspace: Workspace, menu: str) -> None:
    workspace.install_org_wide("E0ACME")
    app = offering({"options": []})
    async with connected(workspace, app):
        await workspace.suggest(DANA, message_ts=menu, action_id="db", text="ord")

    assert app.payload["user"]["team_id"] == "E0ACME"


async def test_an_option_that_was_not_offered_cannot_be_chosen(workspace: Workspace, app: Recorder, menu: str) -> None:
    with pytest.raises(CannotAct, match="not among the options"):
        await workspace.click(DANA, message_ts=menu, action_id="db", selected="9")


# -- shortcuts


async def test_a_global_shortcut_has_a_trigger_and_no_channel(
    workspace: Workspace, app: Recorder, client: AsyncWebClient
) -> None:
    await workspace.shortcut(DANA, "ask")

    assert (app.payload["type"], app.payload["callback_id"], app.payload["user"]["id"]) == ("shortcut", "ask", DANA)
    assert not {"channel", "response_url"} & app.payload.keys()
    assert (await client.views_open(trigger_id=app.payload["trigger_id"], view=modal()))["ok"]


async def test_a_message_shortcut_has_the_message_and_a_response_url(
    workspace: Workspace, app: Recorder, client: AsyncWebClient
) -> None:
    posted = await client.chat_postMessage(channel=DB_OPS, text="a")
    await workspace.message_shortcut(DANA, "file", posted["ts"])

    payload = app.payload
    assert (payload["type"], payload["message_ts"], payload["channel"]["id"]) == (
        "message_action",
        posted["ts"],
        DB_OPS,
    )
    assert payload["message"]["text"] == "a"
    assert {"response_url", "trigger_id"} <= payload.keys()


async def test_only_declared_shortcuts_exist(workspace: Workspace, app: Recorder) -> None:
    with pytest.raises(CannotAct, match="no global shortcut"):
        await workspace.shortcut(DANA, "file")
