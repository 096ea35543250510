"""The Bolt app, and its two entrances that no odd request can break."""

from typing import Final

import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.authorization.async_authorize import AsyncAuthorize
from slack_bolt.context.async_context import AsyncBoltContext
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.incoming.lean import LeanApp, SlackRequest
from bot.slack.incoming.listeners import Listeners
from bot.slack.incoming.request_guard import PARSED, Receive, Scope, Send
from bot.slack.lookups.installation import Installation, Workspace
from bot.slack.sdk_logging import bolt_logger, sdk_logger

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
    app.serve_all(listeners.handler_of)
    return app


class BoltOverHttp:
    """Bolt as an ASGI app behind the guard: whatever comes of a signed request, the answer is no 404 and no 5xx."""

    def __init__(self, app: AsyncApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request to Bolt, and send what it answers."""
        raw = (await receive())["body"].decode()
        answer = settled(await self._app.async_dispatch(SlackRequest(raw, scope["headers"], scope[PARSED])))
        body = answer.body.encode()
        headers = [
            (name.encode(), value.encode())
            for name, values in answer.headers.items()
            if name.lower() != "content-length"
            for value in values
        ]
        headers.append((b"content-length", b"%d" % len(body)))
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": False})


def settled(response: BoltResponse) -> BoltResponse:
    """Turn Bolt's "unhandled" and its errors into an empty answer: Slack would show or repeat them otherwise."""
    if response.status == 404 or response.status >= 500:
        log.error("Bolt did not handle a request", status=response.status)
        return BoltResponse(status=200, body="")
    return response


class FixedAuthorize(AsyncAuthorize):
    """Tells Bolt who the bot is, without a call and without the token: the bot's own calls do not go through Bolt."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._of: Installation | None = None
        self._answer: AuthorizeResult | None = None

    async def __call__(
        self,
        *,
        context: AsyncBoltContext,
        enterprise_id: str | None,
        team_id: str | None,
        user_id: str | None,
        actor_enterprise_id: str | None = None,
        actor_team_id: str | None = None,
        actor_user_id: str | None = None,
    ) -> AuthorizeResult:
        """Answer with what is known; until it is, own events cannot be told apart, and there are none."""
        known = self._workspace.known
        if known is None:
            return AuthorizeResult(enterprise_id=enterprise_id, team_id=team_id)
        if self._answer is None or self._of is not known:
            self._of, self._answer = (
                known,
                AuthorizeResult(
                    enterprise_id=known.enterprise_id,
                    team_id=known.team_id,
                    bot_user_id=known.bot_user_id,
                    bot_id=known.bot_id,
                ),
            )
        return self._answer
