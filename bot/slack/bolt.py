"""The Bolt app, and its two entrances that no odd request can break."""

from typing import Final

import structlog
from slack_bolt.adapter.asgi.async_handler import AsyncSlackRequestHandler
from slack_bolt.adapter.asgi.http_request import AsgiHttpRequest
from slack_bolt.async_app import AsyncApp
from slack_bolt.context.async_context import AsyncBoltContext
from slack_bolt.request.async_internals import build_async_context
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.installation import FixedAuthorize, Workspace
from bot.slack.listeners import Listeners
from bot.slack.quiet import bolt_logger, sdk_logger
from bot.slack.shapes import form_fields

EVENTS_PATH: Final = "/slack/events"

log = structlog.get_logger(__name__)


def create_bolt(listeners: Listeners, workspace: Workspace, *, signing_secret: str = "") -> AsyncApp:
    """Build the app with its few listeners. Without a signing secret it serves Socket Mode only."""
    app = LeanApp(
        name="turso-ops",
        logger=bolt_logger(),
        client=AsyncWebClient(logger=sdk_logger(), retry_handlers=[]),  # never called: answers go out by `delivery`
        signing_secret=signing_secret,
        authorize=FixedAuthorize(workspace),
        process_before_response=True,
        attaching_function_token_enabled=False,
        attaching_conversation_kwargs_enabled=False,
    )
    listeners.register(app)
    return app


class LeanApp(AsyncApp):
    """Bolt, without the client that it builds for each request: ours is never called."""

    def _init_context(self, req: AsyncBoltRequest) -> None:
        req.context["logger"] = self._framework_logger
        req.context["token"] = self._token
        req.context["client"] = self._async_client
        req.context["listener_runner"] = self.listener_runner


class BoltOverHttp(AsyncSlackRequestHandler):
    """Bolt's ASGI adapter, behind the guard: whatever comes of a signed request, the answer is no 404 and no 5xx."""

    async def dispatch(self, request: AsgiHttpRequest) -> BoltResponse:
        """Hand a request to Bolt."""
        body = await request.get_raw_body()
        try:
            slack_request = AsyncBoltRequest(body=body, headers=request.get_headers())
        except Exception as error:
            log.error("Bolt cannot read a request", why=type(error).__name__)
            return BoltResponse(status=400, body="")
        if not slack_request.body and "payload" in body:  # Bolt takes the word in a command for the field
            slack_request.body = dict(form_fields(body))
            slack_request.context = build_async_context(AsyncBoltContext(), slack_request.body)
        return settled(await self.app.async_dispatch(slack_request))


def settled(response: BoltResponse) -> BoltResponse:
    """Turn Bolt's "unhandled" and its errors into an empty answer: Slack would show or repeat them otherwise."""
    if response.status == 404 or response.status >= 500:
        log.error("Bolt did not handle a request", status=response.status)
        return BoltResponse(status=200, body="")
    return response
