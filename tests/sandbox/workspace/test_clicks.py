"""Presses and choices in messages, modals and Home: the payload, who may press, and how many times."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.workspace import CannotAct, Workspace
from bot.sandbox.workspace.seed import ANA, BEN, DANA, DB_OPS, GIL, SHARED, STELLA, ZED
from tests.present import present
from tests.sandbox.workspace.stage import Recorder, actions, button, field, modal, plain, with_trigger

OPTIONS = [{"text": plain("One"), "value": "1"}, {"text": plain("Two"), "value": "2"}]


async def post(client: AsyncWebClient, *elements: Any, channel: str = DB_OPS, **more: Any) -> str:
    """Post a message with these elements, and return its `ts`."""
    return str((await client.chat_postMessage(channel=channel, text="a", blocks=actions(*elements), **more))["ts"])


async def test_the_payload_of_a_button_in_a_message_has_slacks_fields(
    workspace: Workspace, app: Recorder, client: AsyncWebClient
) -> None:
    metadata = {"event_type": "db_request", "event_payload": {"request_id": "r-42"}}
    ts = await post(client, button("approve", "r-42", style="primary"), metadata=metadata)
    await workspace.click(BEN, message_ts=ts, action_id="approve")

    payload = app.payload
    (action,) = payload["actions"]
    assert (action["type"], action["action_id"], action["block_id"], action["value"], action["style"]) == (
        "button",
        "approve",
        "row",
        "r-42",
        "primary",
    )
    assert payload["container"] == {
        "type": "message",
        "message_ts": ts,
        "channel_id": DB_OPS,
        "is_ephemeral": False,
    }
    assert payload["user"] == {"id": BEN, "username": "ben", "name": "ben", "team_id": "T0ACME"}
    assert payload["team"] == {"id": "T0ACME", "domain": "acme"}
    assert (payload["message"]["ts"], payload["message"]["metadata"]) == (ts, metadata)
    assert payload["channel"] == {"id": DB_OPS, "name": "db-ops"}
    assert payload["response_url"].startswith(f"{workspace.origin}/actions/T0ACME/")
    assert (payload["enterprise"], payload["is_enterprise_install"]) == (None, False)
    assert payload["state"] == {"values": {}}


async def test_the_payload_of_a_button_in_a_thread_names_the_thread(
    workspace: Workspace, app: Recorder, client: AsyncWebClient
) -> None:
    first = await post(client, button())
    reply = await post(client, button("reply"), thread_ts=first)
    await workspace.click(BEN, message_ts=reply, action_id="reply")

    assert app.payload["container"]["thread_ts"] == first
    assert app.payload["message"]["thread_ts"] == first


async def test_a_click_in_an_ephemeral_message_has_no_message(
    workspace: Workspace, app: Recorder, client: AsyncWebClient
) -> None:
    posted = await client.chat_postEphemeral(channel=DB_OPS, user=DANA, text="a", blocks=actions(button()))
    await workspace.click(DANA, message_ts=posted["message_ts"], action_id="go")

    assert app.payload["container"]["is_ephemeral"]
    assert "message" not in app.payload
    assert "response_url" in app.payload
    with pytest.raises(CannotAct, match="someone else"):
        await workspace.click(BEN, message_ts=posted["message_ts"], action_id="go")


async def test_the_payload_of_a_button_in_an_attachment_names_its_container(
    workspace: Workspace, app: Recorder, client: AsyncWebClient
) -> None:
    attachments = [{"blocks": actions(button("inside"))}]
    ts = (await client.chat_postMessage(channel=DB_OPS, text="a", attachments=attachments))["ts"]
    await workspace.click(DANA, message_ts=ts, action_id="inside")

    assert app.payload["container"]["type"] == "message_attachment"


async def test_a_click_in_a_view_has_neither_channel_nor_response_url(
    workspace: Workspace, app: Recorder, client: AsyncWebClient
) -> None:
    view = modal({"type": "actions", "block_id": "row", "elements": [button()]})
    opened = await client.views_open(trigger_id=await with_trigger(workspace, app), view=view)
    await workspace.click(DANA, view_id=opened["view"]["id"], action_id="go")

    assert app.payload["container"] == {"type": "view", "view_id": opened["view"]["id"]}
    assert app.payload["view"]["type"] == "modal"
    assert not {"channel", "response_url", "message"} & app.payload.keys()


@pytest.mark.parametrize(
    ("element", "selected", "reported"),
    [
        ({"type": "static_select", "options": OPTIONS}, "2", {"selected_option": OPTIONS[1]}),
        ({"type": "multi_static_select", "options": OPTIONS}, ["1"], {"selected_options": OPTIONS[:1]}),
        ({"type": "users_select"}, ANA, {"selected_user": ANA}),
        ({"type": "multi_users_select"}, [ANA, BEN], {"selected_users": [ANA, BEN]}),
        ({"type": "conversations_select"}, DB_OPS, {"selected_conversation": DB_OPS}),
        ({"type": "multi_conversations_select"}, [DB_OPS], {"selected_conversations": [DB_OPS]}),
        ({"type": "channels_select"}, DB_OPS, {"selected_channel": DB_OPS}),
        ({"type": "multi_channels_select"}, [DB_OPS], {"selected_channels": [DB_OPS]}),
        ({"type": "datepicker"}, "2026-11-30", {"selected_date": "2026-11-30"}),
        ({"type": "timepicker"}, "23:59", {"selected_time": "23:59"}),
        ({"type": "datetimepicker"}, 1793500000, {"selected_date_time": 1793500000}),
        ({"type": "overflow", "options": OPTIONS}, "1", {"selected_option": OPTIONS[0]}),
        ({"type": "radio_buttons", "options": OPTIONS}, "1", {"selected_option": OPTIONS[0]}),
        ({"type": "checkboxes", "options": OPTIONS}, ["1", "2"], {"selected_options": OPTIONS}),
        ({"type": "checkboxes", "options": OPTIONS}, [], {"selected_options": []}),
        ({"type": "users_select"}, None, {"selected_user": None}),
        ({"type": "static_select", "options": OPTIONS}, None, {"selected_option": None}),
    ],
    ids=lambda each: each["type"] if isinstance(each, dict) and "type" in each else None,
)
async def test_each_element_reports_its_choice_in_its_own_fields(
    workspace: Workspace,
    app: Recorder,
    client: AsyncWebClient,
    element: dict[str, Any],
    selected: Any,
    reported: dict[str, Any],
) -> None:
    ts = await post(client, {**element, "action_id": "choose"})
    await workspace.click(DANA, message_ts=ts, action_id="choose", selected=selected)

    (action,) = app.payload["actions"]
    assert {key: action[key] for key in reported} == reported
    assert action["type"] == element["type"]
    if element["type"] != "overflow":
        assert app.payload["state"]["values"]["row"]["choose"] == {"type": element["type"], **reported}


async def test_an_input_reports_each_entry_only_with_dispatch_action(
    workspace: Workspace, app: Recorder, client: AsyncWebClient
) -> None:
    typed = {"type": "plain_text_input", "action_id": "text"}
    blocks = [field("quiet", typed), field("loud", {**typed, "action_id": "loud"}, dispatch_action=True)]
    ts = (await client.chat_postMessage(channel=DB_OPS, text="a", blocks=blocks))["ts"]
    silent = await workspace.click(DANA, message_ts=ts, action_id="text", selected="hello")
    await workspace.click(DANA, message_ts=ts, action_id="loud", selected="there")

    assert silent.deliveries == ()
    assert app.payload["actions"][0]["value"] == "there"
    assert app.payload["state"]["values"]["quiet"]["text"]["value"] == "hello"


async def test_a_button_with_a_url_notifies_the_app_too(
    workspace: Workspace, app: Recorder, client: AsyncWebClient
) -> None:
    ts = await post(client, button(url="https://a.example"))

    assert present((await workspace.click(DANA, message_ts=ts, action_id="go")).delivery).ok


async def test_every_press_is_delivered_even_if_several_come_at_once(
    workspace: Workspace, app: Recorder, client: AsyncWebClient
) -> None:
    ts = await post(client, button("approve"))
    presses = [workspace.click(each, message_ts=ts, action_id="approve") for each in (BEN, BEN, ANA)]
    await asyncio.gather(*presses)

    assert len(app.got) == 3
    assert len({each.payload["trigger_id"] for each in workspace.deliveries}) == 3


async def test_a_button_that_a_person_still_sees_can_be_pressed_after_an_update_removed_it(
    workspace: Workspace, app: Recorder, client: AsyncWebClient
) -> None:
    ts = await post(client, button("approve", "r-1"))
    before = workspace.history(DB_OPS, BEN)[0]
    await client.chat_update(channel=DB_OPS, ts=ts, text="done", blocks=[])
    with pytest.raises(CannotAct, match="nothing called approve"):
        await workspace.click(BEN, message_ts=ts, action_id="approve")
    await workspace.click(BEN, message=before, action_id="approve")

    assert app.payload["actions"][0]["value"] == "r-1"


async def test_an_external_person_can_press_in_a_shared_channel_and_the_payload_has_their_team(
    workspace: Workspace, app: Recorder, client: AsyncWebClient
) -> None:
    ts = await post(client, button(), channel=SHARED)
    await workspace.click(STELLA, message_ts=ts, action_id="go")

    assert app.payload["user"]["team_id"] == "T0OTHER"
    assert app.payload["team"]["id"] == "T0OTHER"  # the person's team, not the team that installed the app


async def test_a_person_who_does_not_see_a_message_cannot_press_in_it(
    workspace: Workspace, app: Recorder, client: AsyncWebClient
) -> None:
    ts = await post(client, button())
    for person in (GIL, STELLA, ZED):
        with pytest.raises(CannotAct):
            await workspace.click(person, message_ts=ts, action_id="go")


async def test_a_button_for_some_people_cannot_be_pressed_by_others(
    workspace: Workspace, app: Recorder, client: AsyncWebClient
) -> None:
    ts = await post(client, button(visible_to_user_ids=[BEN]))
    with pytest.raises(CannotAct, match="does not see this button"):
        await workspace.click(ANA, message_ts=ts, action_id="go")

    assert present((await workspace.click(BEN, message_ts=ts, action_id="go")).delivery).ok
    home = {"type": "home", "blocks": actions(button(visible_to_user_ids=[BEN]))}
    await client.views_publish(user_id=ANA, view=home)
    with pytest.raises(CannotAct, match="does not see this button"):
        await workspace.click(ANA, view_id=present(workspace.home_of(ANA)).id, action_id="go")


async def test_on_grid_the_team_of_an_org_wide_install_is_null(
    workspace: Workspace, app: Recorder, client: AsyncWebClient
) -> None:
    workspace.install_org_wide("E0ACME")
    ts = await post(client, button())
    await workspace.click(BEN, message_ts=ts, action_id="go")

    assert app.payload["team"] is None
    assert app.payload["enterprise"]["id"] == "E0ACME"
    assert app.payload["is_enterprise_install"] is True


async def test_buttons_in_cards_containers_and_tables_can_be_pressed(
    workspace: Workspace, app: Recorder, client: AsyncWebClient
) -> None:
    cell = {"type": "action_cell", "element": button("cell"), "fallback": {"type": "raw_text", "text": "Go"}}
    head = {"type": "raw_text", "text": "Do"}
    blocks: list[dict[str, Any]] = [
        {"type": "card", "body": plain("a"), "actions": [button("card")]},
        {"type": "container", "title": plain("a"), "child_blocks": actions(button("contained"), block_id="c")},
        {"type": "carousel", "elements": [{"type": "card", "body": plain("a"), "actions": [button("carried")]}]},
        {"type": "data_table", "caption": "a", "rows": [[head], [cell]]},
    ]
    ts = (await client.chat_postMessage(channel=DB_OPS, text="a", blocks=blocks))["ts"]
    for action_id in ("card", "contained", "carried", "cell"):
        await workspace.click(DANA, message_ts=ts, action_id=action_id)
        assert app.payload["actions"][0]["action_id"] == action_id


async def test_the_trigger_of_a_click_is_valid_for_three_seconds(
    workspace: Workspace, app: Recorder, client: AsyncWebClient
) -> None:
    workspace.limits.trigger_lifetime = timedelta(seconds=3)
    workspace.hold_time()
    ts = await post(client, button())
    await workspace.click(DANA, message_ts=ts, action_id="go")
    trigger = app.payload["trigger_id"]
    workspace.move_time(timedelta(seconds=3))

    assert (await client.views_open(trigger_id=trigger, view=modal()))["ok"]
