"""Build the Bolt app: Bolt's own middleware, followed by a middleware that looks up the handler in a table."""

import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final

import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.authorization.async_authorize import AsyncAuthorize
from slack_bolt.context.async_context import AsyncBoltContext
from slack_bolt.middleware.async_middleware import AsyncMiddleware
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.incoming._payload_validation import Body
from bot.slack.lookups.installation import Installation, Workspace
from bot.slack.sdk_logging import BOLT_LOGGER, bolt_logger, sdk_logger

Acknowledge = Callable[..., Awaitable[Any]]
Handler = Callable[[Acknowledge, Body], Awaitable[None]]
FindHandler = Callable[[Body], Handler | None]

EVENTS_PATH: Final = "/slack/events"
NOT_ACKNOWLEDGED: Final = 424
"""The status of the response to a request that isn't acknowledged, so that Slack shows that it failed.

It isn't a 5xx, because load balancers may send a request again after that.
"""
_LOGGER: Final = logging.getLogger(BOLT_LOGGER)

log = structlog.get_logger(__name__)


class NotAcknowledged(Exception):
    """Raised by a handler if Slack is to show that the request failed."""


def create_bolt(find_handler: FindHandler, workspace: Workspace) -> AsyncApp:
    """Build the app. It takes parsed bodies that the request guard has verified, or that came over Socket Mode."""
    app = AsyncApp(
        name="turso-ops",
        logger=bolt_logger(),
        # never used, because `SlackCalls` has its own client
        client=AsyncWebClient(logger=sdk_logger(), retry_handlers=[]),
        signing_secret="",
        request_verification_enabled=False,  # the request guard has verified the raw body, which Bolt doesn't get
        authorize=FixedAuthorize(workspace),
        attaching_function_token_enabled=False,
        attaching_conversation_kwargs_enabled=False,
    )
    app.use(HandlerLookup(find_handler))
    return app


class HandlerLookup(AsyncMiddleware):
    """Finds the handler in a table. That is faster than Bolt's listeners, which are tried one after another."""

    def __init__(self, find_handler: FindHandler) -> None:
        self._find = find_handler

    async def async_process(
        self,
        *,
        req: AsyncBoltRequest,
        resp: BoltResponse,
        next: Callable[[], Awaitable[BoltResponse]],  # noqa: A002  # Bolt passes it by this name
    ) -> BoltResponse | None:
        """Return the handler's response, or `NOT_ACKNOWLEDGED`. Without a handler, let Bolt continue."""
        handler = self._find(req.body)
        if handler is None:
            return await next()
        try:
            await handler(req.context.ack, req.body)
        except NotAcknowledged:
            return BoltResponse(status=NOT_ACKNOWLEDGED)
        return req.context.ack.response


async def acknowledgement(app: AsyncApp, body: Body) -> BoltResponse:
    """Let Bolt handle a parsed body, and return its response.

    Other errors than `NOT_ACKNOWLEDGED` are logged, and the response is then an empty 200, because Slack would show an
    error to people, or send the request again.
    """
    # In its mode "http", Bolt would parse the raw body again.
    # Bolt uses the logger when a body has several response_urls.
    context = {"logger": _LOGGER}
    try:
        response = await app.async_dispatch(AsyncBoltRequest(mode="socket_mode", body=body, context=context))
    except Exception:
        log.exception("Bolt could not read a request")
        return BoltResponse(status=200, body="")
    if response.status not in (200, NOT_ACKNOWLEDGED):
        log.error("Bolt did not handle a request", status=response.status)
        return BoltResponse(status=200, body="")
    return response


class FixedAuthorize(AsyncAuthorize):
    """Tells Bolt the bot's own user, without a call to Slack and without a token. The bot's calls don't use Bolt."""

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
        """Return the bot's installation, or only the request's team and organization if it isn't known yet.

        Bolt only uses the result to ignore events that the bot itself has caused.
        """
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
