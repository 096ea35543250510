"""A modal's submission: the app's answers, errors, and what the client itself checks."""

from __future__ import annotations

import json
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.workspace import Workspace
from bot.sandbox.workspace.seed import BEN, DANA, DB_OPS
from tests.present import present
from tests.sandbox.workspace.stage import (
    Recorder,
    answering,
    connected,
    field,
    inner_trigger,
    modal,
    with_trigger,
)

# -- submitting


async def test_a_submission_contains_the_whole_view(
    workspace: Workspace, app: Recorder, opened: dict[str, Any]
) -> None:
    await workspace.submit_view(DANA, opened["id"], {"name": "orders"})

    payload = app.payload
    assert (payload["type"], payload["user"]["id"], payload["team"]["id"]) == ("view_submission", DANA, "T0ACME")
    assert payload["view"]["state"]["values"]["name"]["value"]["value"] == "orders"
    assert (payload["view"]["private_metadata"], payload["view"]["external_id"]) == ("r-42", "x-1")
    assert (payload["response_urls"], payload["view"]["type"]) == ([], "modal")
    assert "response_url" not in payload
    assert workspace.views_of(DANA) == []


async def test_an_empty_answer_closes_this_view_and_clear_closes_all(
    workspace: Workspace, app: Recorder, client: AsyncWebClient, opened: dict[str, Any]
) -> None:
    pushed = await client.views_push(
        trigger_id=await inner_trigger(workspace, app, opened["id"]), view=modal(field("x"))
    )
    await workspace.submit_view(DANA, pushed["view"]["id"], {"x": "a"})
    assert [each.id for each in workspace.views_of(DANA)] == [opened["id"]]

    answering(app, {"response_action": "clear"})
    await workspace.submit_view(DANA, opened["id"], {"name": "a"})
    assert workspace.views_of(DANA) == []


async def test_errors_are_shown_at_their_inputs_and_the_view_stays(
    workspace: Workspace, app: Recorder, opened: dict[str, Any]
) -> None:
    answering(app, {"response_action": "errors", "errors": {"name": "Taken."}})
    acted = await workspace.submit_view(DANA, opened["id"], {"name": "orders"})

    assert acted.errors == {"name": "Taken."}
    (view,) = workspace.views_of(DANA)
    assert (view.errors, view.values["name"]["value"]["value"]) == ({"name": "Taken."}, "orders")


@pytest.mark.parametrize("errors", [{"row": "Not an input."}, {"nowhere": "Gone."}, {}, "a"])
async def test_errors_for_anything_but_an_input_are_invalid(
    workspace: Workspace, app: Recorder, opened: dict[str, Any], errors: Any
) -> None:
    answering(app, {"response_action": "errors", "errors": errors})
    acted = await workspace.submit_view(DANA, opened["id"], {"name": "orders"})

    assert acted.notice is not None
    assert workspace.views_of(DANA)[0].trouble is not None


async def test_an_answer_with_errors_keeps_an_update_that_the_app_made_before_it(
    workspace: Workspace, app: Recorder, client: AsyncWebClient, opened: dict[str, Any]
) -> None:
    async def updates_first(scope: Any, receive: Any, send: Any) -> None:
        await client.views_update(view_id=opened["id"], view=modal(field(), field("other")))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        body = json.dumps({"response_action": "errors", "errors": {"name": "Taken."}}).encode()
        await send({"type": "http.response.body", "body": body})

    async with connected(workspace, updates_first):
        await workspace.submit_view(DANA, opened["id"], {"name": "orders"})

    (view,) = workspace.views_of(DANA)
    assert ([each["block_id"] for each in view.blocks], view.errors) == (["name", "other"], {"name": "Taken."})


async def test_update_replaces_the_view_and_push_puts_another_view_on_top(
    workspace: Workspace, app: Recorder, opened: dict[str, Any]
) -> None:
    answering(app, {"response_action": "update", "view": modal(field("second"))})
    await workspace.submit_view(DANA, opened["id"], {"name": "a"})
    assert [each.blocks[0]["block_id"] for each in workspace.views_of(DANA)] == ["second"]

    answering(app, {"response_action": "push", "view": modal(field("third"))})
    await workspace.submit_view(DANA, opened["id"], {"second": "a"})
    assert [each.blocks[0]["block_id"] for each in workspace.views_of(DANA)] == ["second", "third"]


async def test_an_unknown_action_or_an_invalid_view_is_an_error(
    workspace: Workspace, app: Recorder, opened: dict[str, Any]
) -> None:
    for answer in ({"response_action": "explode"}, {"response_action": "update", "view": {"type": "modal"}}):
        answering(app, answer)
        assert (await workspace.submit_view(DANA, opened["id"], {"name": "a"})).notice is not None


async def test_a_missing_answer_keeps_the_view_and_is_reported(
    workspace: Workspace, app: Recorder, opened: dict[str, Any]
) -> None:
    workspace.faults.add("lost_ack", "view_submission", times=1)
    acted = await workspace.submit_view(DANA, opened["id"], {"name": "a"})

    assert "too long" in present(acted.notice)
    assert len(workspace.views_of(DANA)) == 1


# -- checks that Slack's client makes before it submits


@pytest.mark.parametrize(
    ("element", "value", "error"),
    [
        ({"type": "plain_text_input", "action_id": "v"}, "", "required"),
        ({"type": "plain_text_input", "action_id": "v", "min_length": 3}, "ab", "at least 3"),
        ({"type": "plain_text_input", "action_id": "v", "max_length": 3}, "abcd", "at most 3"),
        ({"type": "number_input", "action_id": "v", "is_decimal_allowed": False}, "1.5", "valid number"),
        ({"type": "number_input", "action_id": "v", "is_decimal_allowed": True, "max_value": "2"}, "3", "at most 2"),
        ({"type": "number_input", "action_id": "v", "is_decimal_allowed": True, "min_value": "2"}, "1", "at least 2"),
        ({"type": "email_text_input", "action_id": "v"}, "nobody", "email"),
        ({"type": "url_text_input", "action_id": "v"}, "nowhere", "URL"),
        ({"type": "multi_users_select", "action_id": "v", "max_selected_items": 1}, [DANA, BEN], "at most 1"),
    ],
)
async def test_the_client_refuses_an_invalid_value_without_a_request_to_the_app(
    workspace: Workspace, app: Recorder, client: AsyncWebClient, element: dict[str, Any], value: Any, error: str
) -> None:
    view = modal(field("f", element))
    view_id = (await client.views_open(trigger_id=await with_trigger(workspace, app), view=view))["view"]["id"]
    acted = await workspace.submit_view(DANA, view_id, {"f": value})

    assert error in acted.errors["f"]
    assert acted.deliveries == ()


async def test_an_optional_field_may_stay_empty_and_is_null(
    workspace: Workspace, app: Recorder, client: AsyncWebClient
) -> None:
    view = modal(field("f", optional=True))
    view_id = (await client.views_open(trigger_id=await with_trigger(workspace, app), view=view))["view"]["id"]
    await workspace.submit_view(DANA, view_id, {})

    assert app.payload["view"]["state"]["values"]["f"]["value"]["value"] is None


async def test_a_select_with_response_urls_returns_a_url_for_the_chosen_conversation(
    workspace: Workspace, app: Recorder, client: AsyncWebClient
) -> None:
    chooser = {"type": "conversations_select", "action_id": "where", "response_url_enabled": True}
    view = modal(field("place", chooser))
    view_id = (await client.views_open(trigger_id=await with_trigger(workspace, app), view=view))["view"]["id"]
    await workspace.submit_view(DANA, view_id, {"place": DB_OPS})

    (url,) = app.payload["response_urls"]
    assert (url["block_id"], url["action_id"], url["channel_id"]) == ("place", "where", DB_OPS)
    assert url["response_url"].startswith(workspace.origin)
