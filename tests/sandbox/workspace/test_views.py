"""Modals and Home: triggers, the stack of three, hashes and external IDs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.workspace import CannotAct, Workspace, running
from bot.sandbox.workspace.limits import Limits
from bot.sandbox.workspace.seed import BEN, DANA
from tests.present import present
from tests.sandbox.workspace.stage import (
    Recorder,
    actions,
    button,
    client_of,
    error_of,
    field,
    inner_trigger,
    modal,
    new_workspace,
    plain,
    with_more_scopes,
    with_trigger,
)

# -- triggers


async def test_a_trigger_expires_after_three_seconds_and_opens_one_view(
    workspace: Workspace, app: Recorder, client: AsyncWebClient
) -> None:
    workspace.limits.trigger_lifetime = timedelta(seconds=3)
    workspace.hold_time()
    trigger = await with_trigger(workspace, app)
    assert (await client.views_open(trigger_id=trigger, view=modal()))["ok"]
    assert await error_of(client.views_open(trigger_id=trigger, view=modal())) == "exchanged_trigger_id"

    late = await with_trigger(workspace, app)
    workspace.move_time(timedelta(seconds=3.1))
    assert await error_of(client.views_open(trigger_id=late, view=modal())) == "expired_trigger_id"
    assert await error_of(client.views_open(trigger_id="1.2.x", view=modal())) == "invalid_trigger_id"


def test_a_trigger_is_valid_for_three_seconds() -> None:
    assert Limits().trigger_lifetime == timedelta(seconds=3)


# -- opening and pushing


async def test_an_opened_view_is_returned_completely(workspace: Workspace, opened: dict[str, Any]) -> None:
    (view,) = workspace.views_of(DANA)

    assert view.as_slack() == opened
    assert (opened["type"], opened["callback_id"], opened["private_metadata"]) == ("modal", "modal", "r-42")
    assert (opened["root_view_id"], opened["previous_view_id"]) == (opened["id"], None)
    assert (opened["app_installed_team_id"], opened["bot_id"]) == ("T0ACME", "B0TURSO")
    assert opened["state"]["values"] == {"name": {"value": {"type": "plain_text_input", "value": None}}}


async def test_three_views_fit_on_the_stack(
    workspace: Workspace, app: Recorder, client: AsyncWebClient, opened: dict[str, Any]
) -> None:
    view_id = opened["id"]
    for external_id in ("x-2", "x-3"):
        pushed = modal(field(), *actions(button("more")), external_id=external_id)
        answer = await client.views_push(trigger_id=await inner_trigger(workspace, app, view_id), view=pushed)
        assert (answer["view"]["root_view_id"], answer["view"]["previous_view_id"]) == (opened["id"], view_id)
        view_id = answer["view"]["id"]
    pushing = client.views_push(trigger_id=await inner_trigger(workspace, app, view_id), view=modal())

    assert await error_of(pushing) == "push_limit_reached"
    assert len(workspace.views_of(DANA)) == 3


async def test_a_push_needs_a_trigger_from_inside_the_modal(
    workspace: Workspace, app: Recorder, client: AsyncWebClient, opened: dict[str, Any]
) -> None:
    outside = await with_trigger(workspace, app)

    assert await error_of(client.views_push(trigger_id=outside, view=modal())) == "invalid_trigger_id"


@pytest.mark.parametrize(
    ("view", "error"),
    [
        ({"type": "modal", "title": plain("a")}, "invalid_arguments"),
        ({"type": "home", "blocks": [{"type": "divider"}]}, "invalid_arguments"),
        ([], "invalid_arguments"),
        (modal(private_metadata="é" * 130_000), "view_too_large"),
    ],
)
async def test_an_invalid_view_cannot_be_opened(
    workspace: Workspace, app: Recorder, client: AsyncWebClient, view: Any, error: str
) -> None:
    assert await error_of(client.views_open(trigger_id=await with_trigger(workspace, app), view=view)) == error


async def test_an_invalid_view_is_refused_with_a_pointer(
    workspace: Workspace, app: Recorder, client: AsyncWebClient
) -> None:
    await error_of(client.views_open(trigger_id=await with_trigger(workspace, app), view=modal(title=plain("x" * 25))))

    assert workspace.calls[-1].answer["response_metadata"]["messages"] == [
        "[ERROR] must be less than 25 characters [json-pointer:/view/title/text]"
    ]


async def test_an_external_id_is_unique(
    workspace: Workspace, app: Recorder, client: AsyncWebClient, opened: dict[str, Any]
) -> None:
    other = await with_trigger(workspace, app, BEN)

    assert await error_of(client.views_open(trigger_id=other, view=modal(external_id="x-1"))) == "duplicate_external_id"


# -- updating


async def test_an_update_keeps_what_was_typed_and_changes_the_hash(
    workspace: Workspace, app: Recorder, client: AsyncWebClient, opened: dict[str, Any]
) -> None:
    await workspace.click(DANA, view_id=opened["id"], action_id="value", selected="orders")
    view = modal(field(), field("other"))
    updated = (await client.views_update(view_id=opened["id"], hash=opened["hash"], view=view))["view"]

    assert updated["hash"] != opened["hash"]
    assert updated["state"]["values"]["name"]["value"]["value"] == "orders"
    assert updated["state"]["values"]["other"]["value"]["value"] is None


async def test_an_update_with_another_action_id_loses_what_was_typed(
    workspace: Workspace, app: Recorder, client: AsyncWebClient, opened: dict[str, Any]
) -> None:
    await workspace.click(DANA, view_id=opened["id"], action_id="value", selected="orders")
    changed = modal(field("name", {"type": "plain_text_input", "action_id": "other"}))
    updated = (await client.views_update(view_id=opened["id"], view=changed))["view"]

    assert updated["state"]["values"]["name"] == {"other": {"type": "plain_text_input", "value": None}}


async def test_an_old_hash_is_a_conflict_and_an_external_id_finds_the_view(
    client: AsyncWebClient, opened: dict[str, Any]
) -> None:
    assert (await client.views_update(external_id="x-1", view=modal(external_id="x-1")))["ok"]
    stale = client.views_update(view_id=opened["id"], hash=opened["hash"], view=modal())
    assert await error_of(stale) == "hash_conflict"
    assert await error_of(client.views_update(view_id="V0NONE", view=modal())) == "not_found"
    assert await error_of(client.api_call("views.update", json={"view": modal()})) == "invalid_arguments"


# -- closing


async def test_closing_a_modal_is_reported_only_on_request_and_without_values(
    workspace: Workspace, app: Recorder, client: AsyncWebClient
) -> None:
    quiet = await client.views_open(trigger_id=await with_trigger(workspace, app), view=modal(field()))
    assert (await workspace.close_view(DANA, quiet["view"]["id"])).deliveries == ()

    loud = modal(field(), notify_on_close=True)
    opened = await client.views_open(trigger_id=await with_trigger(workspace, app), view=loud)
    await workspace.close_view(DANA, opened["view"]["id"])
    assert (app.payload["type"], app.payload["is_cleared"]) == ("view_closed", False)
    assert app.payload["view"]["state"]["values"] == {}
    assert "trigger_id" not in app.payload


async def test_the_close_button_closes_the_whole_stack(
    workspace: Workspace, app: Recorder, client: AsyncWebClient
) -> None:
    first = modal(field(), *actions(button("more")), notify_on_close=True)
    opened = await client.views_open(trigger_id=await with_trigger(workspace, app), view=first)
    trigger = await inner_trigger(workspace, app, opened["view"]["id"])
    pushed = await client.views_push(trigger_id=trigger, view=modal(notify_on_close=True))
    acted = await workspace.close_view(DANA, pushed["view"]["id"], whole_stack=True)

    assert [each.payload["is_cleared"] for each in acted.deliveries] == [True, True]
    assert workspace.views_of(DANA) == []
    with pytest.raises(CannotAct, match="no longer open"):
        await workspace.submit_view(DANA, pushed["view"]["id"], {})


# -- Home


async def test_home_is_published_for_one_person_and_an_old_hash_is_a_conflict(
    workspace: Workspace, client: AsyncWebClient
) -> None:
    home = {"type": "home", "blocks": [{"type": "divider"}]}
    first = (await client.views_publish(user_id=DANA, view=home))["view"]
    second = (await client.views_publish(user_id=DANA, view=home, hash=first["hash"]))["view"]

    assert (second["id"], second["type"]) == (first["id"], "home")
    assert await error_of(client.views_publish(user_id=DANA, view=home, hash=first["hash"])) == "hash_conflict"
    assert workspace.home_of(BEN) is None
    assert await error_of(client.views_publish(user_id="U0NOBODY", view=home)) == "invalid_arguments"
    assert await error_of(client.views_publish(user_id=DANA, view=modal())) == "invalid_arguments"


async def test_a_click_in_home_opens_a_modal(workspace: Workspace, app: Recorder, client: AsyncWebClient) -> None:
    await client.views_publish(user_id=DANA, view={"type": "home", "blocks": actions(button())})
    await workspace.click(DANA, view_id=present(workspace.home_of(DANA)).id, action_id="go")

    assert app.payload["view"]["type"] == "home"
    assert (await client.views_open(trigger_id=app.payload["trigger_id"], view=modal()))["ok"]


async def test_without_a_home_tab_nothing_can_be_published() -> None:
    manifest = with_more_scopes()
    manifest["features"] = {**manifest["features"], "app_home": {"home_tab_enabled": False}}
    async with running(new_workspace(manifest)) as workspace:
        home = {"type": "home", "blocks": [{"type": "divider"}]}
        assert await error_of(client_of(workspace).views_publish(user_id=DANA, view=home)) == "not_enabled"
