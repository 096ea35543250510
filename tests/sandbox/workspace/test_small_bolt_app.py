"""A small independent Bolt app works with the workspace as with Slack, over HTTP and over Socket Mode."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.workspace import Workspace
from bot.sandbox.workspace.seed import BEN, DANA, DB_OPS
from tests.present import present
from tests.sandbox.workspace.stage import APP_TOKEN, bolt, connected, until

MODAL = {
    "type": "modal",
    "callback_id": "make",
    "title": {"type": "plain_text", "text": "Make one"},
    "submit": {"type": "plain_text", "text": "Make"},
    "blocks": [
        {
            "type": "input",
            "block_id": "name",
            "label": {"type": "plain_text", "text": "Name"},
            "element": {"type": "plain_text_input", "action_id": "value"},
        }
    ],
}
DONE = {**MODAL, "blocks": [{"type": "section", "text": {"type": "plain_text", "text": "Made."}}]}
BUTTON = {"type": "button", "action_id": "open", "value": "r-1", "text": {"type": "plain_text", "text": "Open"}}


def small_app(workspace: Workspace) -> AsyncApp:
    app = bolt(workspace)

    @app.command("/turso")
    async def on_command(ack: Any, command: Any, respond: Any) -> None:
        await respond(text=f"you said {command['text']}", blocks=[{"type": "actions", "elements": [BUTTON]}])
        await ack("working on it")

    @app.action("open")
    async def on_click(ack: Any, body: Any, client: AsyncWebClient) -> None:
        await client.views_open(trigger_id=body["trigger_id"], view=MODAL)
        await ack()

    @app.view("make")
    async def on_submit(ack: Any, view: Any) -> None:
        if view["state"]["values"]["name"]["value"]["value"] == "taken":
            await ack(response_action="errors", errors={"name": "That name is taken."})
        else:
            await ack(response_action="update", view=DONE)

    @app.event("app_home_opened")
    async def on_home(event: Any, client: AsyncWebClient) -> None:
        blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "Welcome *home*"}}]
        await client.views_publish(user_id=event["user"], view={"type": "home", "blocks": blocks})

    @app.event("app_mention")
    async def on_mention(event: Any, say: Any) -> None:
        await say(text="You called?", thread_ts=event["ts"])

    return app


@asynccontextmanager
async def over_http(workspace: Workspace) -> AsyncIterator[None]:
    async with connected(workspace, small_app(workspace)):
        yield


@asynccontextmanager
async def over_socket(workspace: Workspace) -> AsyncIterator[None]:
    handler = AsyncSocketModeHandler(small_app(workspace), APP_TOKEN)
    await handler.connect_async()  # type: ignore[no-untyped-call]  # slack_bolt leaves it untyped
    try:
        await until(lambda: workspace.sockets.connections)
        yield
    finally:
        await handler.close_async()  # type: ignore[no-untyped-call]  # slack_bolt leaves it untyped


@pytest.fixture(params=[over_http, over_socket], ids=["over HTTP", "over Socket Mode"])
async def app(request: pytest.FixtureRequest, workspace: Workspace) -> AsyncIterator[Workspace]:
    """Yield the workspace, to which the small app is connected."""
    async with request.param(workspace):
        yield workspace


async def test_a_slash_command_is_answered_at_once_and_by_response_url(app: Workspace) -> None:
    acted = await app.say(DANA, DB_OPS, "/turso db list")

    assert acted.notice is None
    assert present(acted.message).text == "working on it"
    assert [each.text for each in app.history(DB_OPS, DANA)] == ["you said db list", "working on it"]
    assert app.history(DB_OPS, BEN) == []


async def test_a_button_opens_a_modal_that_shows_an_error_and_then_changes(app: Workspace) -> None:
    await app.say(DANA, DB_OPS, "/turso")
    with_button = next(each for each in app.history(DB_OPS, DANA) if each.blocks)

    await app.click(DANA, message_ts=with_button.ts, action_id="open")
    (view,) = app.views_of(DANA)
    refused = await app.submit_view(DANA, view.id, {"name": "taken"})
    assert refused.errors == {"name": "That name is taken."}
    assert app.views_of(DANA)[0].errors == {"name": "That name is taken."}

    await app.submit_view(DANA, view.id, {"name": "orders"})
    assert app.views_of(DANA)[0].blocks[0]["text"]["text"] == "Made."


async def test_home_is_published_when_it_is_opened(app: Workspace) -> None:
    await app.open_home(DANA)
    await until(lambda: app.home_of(DANA))

    assert present(app.home_of(DANA)).blocks[0]["text"]["text"] == "Welcome *home*"


async def test_a_mention_is_answered_in_its_thread(app: Workspace) -> None:
    message = (await app.say(DANA, DB_OPS, "@Turso Ops hello")).message
    await until(lambda: len(app.history(DB_OPS, DANA)) > 1)

    answer = app.history(DB_OPS, DANA)[-1]
    assert message is not None
    assert (answer.text, answer.thread_ts) == ("You called?", message.ts)
