"""Workspaces for tests, apps that they deliver to over HTTP, and builders of blocks and views."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

import pytest
from slack_bolt.adapter.asgi.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.workspace import Workspace, seed, serving
from bot.sandbox.workspace.seed import DANA

SECRET, BOT_TOKEN, APP_TOKEN = "7d3f0c2a9be14f6c8a5512d0e4b7a901", "xoxb-1-2-local", "xapp-1-2-local"

Json = dict[str, Any]
MANIFEST: Json = {
    "display_information": {"name": "Turso Ops"},
    "features": {
        "app_home": {
            "home_tab_enabled": True,
            "messages_tab_enabled": True,
            "messages_tab_read_only_enabled": True,
        },
        "bot_user": {"display_name": "turso", "always_online": True},
        "slash_commands": [
            {"command": "/turso", "description": "Databases", "usage_hint": "help", "should_escape": True},
            {"command": "/raw", "description": "Not escaped"},
        ],
        "shortcuts": [
            {"name": "Ask", "type": "global", "callback_id": "ask", "description": "Ask"},
            {"name": "File", "type": "message", "callback_id": "file", "description": "File"},
        ],
    },
    "oauth_config": {
        "scopes": {
            "bot": [
                "commands",
                "chat:write",
                "app_mentions:read",
                "users:read",
                "usergroups:read",
                "channels:read",
                "groups:read",
                "files:write",
            ]
        }
    },
    "settings": {
        "event_subscriptions": {
            "bot_events": [
                "app_mention",
                "app_home_opened",
                "app_uninstalled",
                "tokens_revoked",
                "subteam_members_changed",
                "user_change",
                "member_joined_channel",
                "member_left_channel",
                "channel_archive",
                "channel_rename",
                "channel_shared",
                "channel_unshared",
                "channel_id_changed",
                "message.channels",
            ]
        },
        "interactivity": {"is_enabled": True},
        "socket_mode_enabled": True,
    },
}


def with_scopes(*scopes: str) -> Json:
    """Return the manifest with only these scopes."""
    return {**MANIFEST, "oauth_config": {"scopes": {"bot": list(scopes)}}}


def with_more_scopes(*scopes: str) -> Json:
    return with_scopes(*MANIFEST["oauth_config"]["scopes"]["bot"], *scopes)


def new_workspace(manifest: Json = MANIFEST, **options: Any) -> Workspace:
    """Return a seeded workspace that isn't served yet. Its deadlines are longer than Slack's."""
    made = Workspace(manifest=manifest, signing_secret=SECRET, bot_token=BOT_TOKEN, app_token=APP_TOKEN, **options)
    # instead of Slack's 3 seconds, because the test machine may be busy
    made.limits.ack = made.limits.trigger_lifetime = timedelta(seconds=20)
    seed(made)
    return made


def client_of(workspace: Workspace, token: str = BOT_TOKEN) -> AsyncWebClient:
    return AsyncWebClient(token=token, base_url=workspace.api_url, retry_handlers=[])


def bolt(workspace: Workspace) -> AsyncApp:
    """Return a plain Bolt app for this workspace."""
    return AsyncApp(client=client_of(workspace), signing_secret=SECRET, process_before_response=True)


@asynccontextmanager
async def connected(workspace: Workspace, app: Any) -> AsyncIterator[Workspace]:
    """Serve a Bolt app or any ASGI app, and let the workspace deliver to it over HTTP."""
    served: Any = AsyncSlackRequestHandler(app, path="/slack/events") if isinstance(app, AsyncApp) else app
    async with serving(served) as origin:
        workspace.events_url = f"{origin}/slack/events"
        yield workspace


async def until(true: Any, *, within: float = 20.0) -> Any:
    """Wait until a function returns something true, and return that."""
    async with asyncio.timeout(within):
        while not (found := true()):
            await asyncio.sleep(0.01)
    return found


class Recorder:
    """An app that gives the same answer to every request, and keeps the requests."""

    def __init__(self, body: bytes = b"", status: int = 200, headers: dict[str, str] | None = None) -> None:
        self.body, self.status, self.extra = body, status, headers or {}
        self.got: list[tuple[dict[str, str], bytes]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            event = await receive()
            body, more = body + event.get("body", b""), event.get("more_body", False)
        headers = {name.decode().lower(): value.decode() for name, value in scope["headers"]}
        self.got.append((headers, body))
        given = [(name.encode(), value.encode()) for name, value in self.extra.items()]
        await send({"type": "http.response.start", "status": self.status, "headers": given})
        await send({"type": "http.response.body", "body": self.body})

    @property
    def form(self) -> dict[str, str]:
        """Return the fields of the last form."""
        return dict(parse_qsl(self.got[-1][1].decode(), keep_blank_values=True))

    @property
    def payload(self) -> Json:
        """Return the payload of the last request: an interaction or an event."""
        headers, body = self.got[-1]
        is_json = headers["content-type"] == "application/json"
        found: Json = json.loads(body if is_json else self.form["payload"])
        return found


def button(action_id: str = "go", value: str = "v", **more: Any) -> Json:
    return {"type": "button", "action_id": action_id, "value": value, "text": plain("Go"), **more}


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def actions(*elements: Json, block_id: str = "row") -> list[Json]:
    return [{"type": "actions", "block_id": block_id, "elements": list(elements)}]


def modal(*blocks: Json, **more: Any) -> Json:
    return {
        "type": "modal",
        "callback_id": "modal",
        "title": plain("Title"),
        "submit": plain("Send"),
        "blocks": list(blocks) or [{"type": "divider"}],
        **more,
    }


def field(block_id: str = "name", element: Json | None = None, **more: Any) -> Json:
    element = element or {"type": "plain_text_input", "action_id": "value"}
    return {"type": "input", "block_id": block_id, "label": plain(block_id), "element": element, **more}


async def error_of(call: Any) -> str:
    """Return the error code of a call that fails."""
    with pytest.raises(SlackApiError) as raised:
        await call
    return str(raised.value.response["error"])


async def with_trigger(workspace: Workspace, app: Recorder, person_id: str = "U0DANA") -> str:
    """Type a command as a person, and return its `trigger_id`."""
    await workspace.say(person_id, "C0DBOPS", "/turso")
    return app.form["trigger_id"]


def answering(app: Recorder, answer: dict[str, Any]) -> None:
    """Let an app answer every further request with this JSON."""
    app.body, app.extra = json.dumps(answer).encode(), {"content-type": "application/json"}


async def inner_trigger(workspace: Workspace, app: Recorder, view_id: str) -> str:
    """Press the button `more` in a modal of Dana's, and return the press's `trigger_id`."""
    await workspace.click(DANA, view_id=view_id, action_id="more")
    return str(app.payload["trigger_id"])
