"""Baseline B: a bare `AsyncApp` that acknowledges one slash command, and two variants of it."""

import os
from typing import Any

from slack_bolt.adapter.asgi.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

from bench.signing import SECRET


async def _authorize(**_: Any) -> AuthorizeResult:
    return AuthorizeResult(
        enterprise_id=None, team_id="T0BENCH", bot_token="xoxb-bench", bot_id="B0BENCH", bot_user_id="U0BOT"
    )


def _app(**more: Any) -> AsyncApp:
    return AsyncApp(signing_secret=SECRET, authorize=_authorize, **more)


def make() -> AsyncSlackRequestHandler:
    """Return an app that only acknowledges the command."""
    app = _app()

    @app.command("/turso")
    async def on_command(ack: Any) -> None:
        await ack()

    return AsyncSlackRequestHandler(app)


def make_before_response() -> AsyncSlackRequestHandler:
    """Return the same app with `process_before_response`, which avoids Bolt's polling for the acknowledgement."""
    app = _app(process_before_response=True)

    @app.command("/turso")
    async def on_command(ack: Any) -> None:
        await ack()

    return AsyncSlackRequestHandler(app)


def make_messages() -> AsyncSlackRequestHandler:
    """Return an app that acknowledges and sends two messages.

    It uses `respond()` and the client, as Bolt's documentation shows.
    """
    app = _app(client=AsyncWebClient(token="xoxb-bench", base_url=os.environ["SLACK_API_URL"]))

    @app.command("/turso")
    async def on_command(ack: Any, respond: Any, client: Any) -> None:
        await ack()
        await respond("One message.")
        await client.chat_postMessage(channel="C0BENCH", text="Another message.")

    return AsyncSlackRequestHandler(app)
