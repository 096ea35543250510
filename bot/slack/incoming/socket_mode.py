"""Socket Mode, which needs no public address. Every envelope is acknowledged, unless Slack is to show a failure."""

import asyncio
import json
from collections.abc import Callable
from time import time
from typing import Any, Final

import structlog
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse

from bot.core.concurrency.background import Background
from bot.errors import Unavailable
from bot.settings import HOW_TO_CONNECT
from bot.settings.proxies import proxy_of
from bot.slack.background_tasks import TaskKeeper
from bot.slack.incoming._payload_validation import Malformed, checked
from bot.slack.incoming.bolt import NOT_ACKNOWLEDGED, acknowledgement
from bot.slack.outgoing.web_api import SlackCalls
from bot.slack.sdk_logging import sdk_logger

PING_SECONDS: Final = 5.0
ACK_SECONDS: Final = 3.0
REFUSALS: Final = frozenset(
    {"account_inactive", "invalid_auth", "missing_scope", "not_allowed_token_type", "not_authed", "token_expired"}
    | {"token_revoked"}
)
"""Slack's error codes for an app-level token that it doesn't accept."""

log = structlog.get_logger(__name__)


class NotConnected(Unavailable):
    """Raised while there is no Socket Mode connection. The message says why, for operators."""


class _Handler(AsyncSocketModeHandler):
    def __init__(
        self, app: AsyncApp, app_token: str, calls: SlackCalls, observe_ack: Callable[[float], None] | None
    ) -> None:
        super().__init__(app, app_token, logger=sdk_logger(), web_client=calls.client, ping_interval=PING_SECONDS)
        self._issue = self.client.issue_new_wss_url
        self.client.issue_new_wss_url = self._new_address  # type: ignore[method-assign]
        self.refusal: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        """Set to Slack's code if Slack refuses the token before the first connection."""
        self.refused_later = ""
        """Slack's code while Slack refuses the token after an earlier connection. Empty otherwise."""
        self._was_connected = False
        self.client.message_listeners.append(self._acknowledge_unreadable)
        self._observe_ack = observe_ack
        self._busy = 0
        self.idle = asyncio.Event()
        """Set while no envelope is waiting for its acknowledgement."""
        self.idle.set()

    async def _new_address(self) -> str:
        """Return the address for a new connection, and set the proxy, because the library would choose another."""
        try:
            address = await self._issue()
        except SlackApiError as error:
            code = str(error.response.get("error"))
            if code in REFUSALS and self._was_connected:
                self.refused_later = code
            elif code in REFUSALS and not self.refusal.done():
                self.refusal.set_result(code)
            raise
        self._was_connected, self.refused_later = True, ""
        self.client.proxy = proxy_of(address)
        return address

    async def handle(self, client: SocketModeClient, req: SocketModeRequest) -> None:  # type: ignore[override]
        """Run Bolt and acknowledge the envelope, unless Slack is to show that it failed.

        If Bolt can't handle it, the acknowledgement is empty.
        """
        self._busy += 1
        self.idle.clear()
        started = time()
        try:
            if (response := await self._response(req)) is not None:
                await client.send_socket_mode_response(response)
        finally:
            if self._observe_ack is not None:
                self._observe_ack(time() - started)
            self._busy -= 1
            if not self._busy:
                self.idle.set()

    async def _acknowledge_unreadable(
        self, client: AsyncBaseSocketModeClient, message: dict[str, Any], raw: str | None
    ) -> None:
        """Acknowledge an envelope that the library can't read, because its payload is neither an object nor text."""
        envelope_id = message.get("envelope_id")
        if isinstance(envelope_id, str) and not isinstance(message.get("payload"), dict | str):
            log.warning("received an envelope without a payload")
            await client.send_socket_mode_response(SocketModeResponse(envelope_id=envelope_id))

    async def _response(self, req: SocketModeRequest) -> SocketModeResponse | None:
        """Return the acknowledgement of an envelope, or None if it isn't to be acknowledged."""
        try:
            body = checked(req.payload)
        except Malformed as error:
            log.warning("received a malformed envelope", why=str(error))
            return SocketModeResponse(req.envelope_id)
        answer = await acknowledgement(self.app, body)
        if answer.status == NOT_ACKNOWLEDGED:
            return None
        return SocketModeResponse(req.envelope_id, json.loads(answer.body) if answer.body.startswith("{") else None)


class SocketRunner:
    """Keeps a connection to Slack, and reconnects when it is lost. Must be created while the event loop is running."""

    def __init__(
        self,
        app: AsyncApp,
        app_token: str,
        calls: SlackCalls,
        tasks: TaskKeeper,
        *,
        observe_ack: Callable[[float], None] | None = None,
        background: Background | None = None,
    ) -> None:
        self._handler = _Handler(app, app_token, calls, observe_ack)
        self._tasks = tasks
        self._connecting: asyncio.Task[None] | None = None
        self._loop = (background or Background()).add("Slack connection", self._restart_ended_tasks, every=PING_SECONDS)

    async def refused(self) -> str:
        """Wait until Slack refuses the app-level token before the first connection, and return Slack's code."""
        return await asyncio.shield(self._handler.refusal)

    def start(self) -> None:
        """Start to connect. Slack may be unreachable at the moment."""
        self._connect()
        self._loop.start()

    def _connect(self) -> None:
        self._connecting = asyncio.get_running_loop().create_task(self._handler.connect_async())  # type: ignore[no-untyped-call]

    async def _restart_ended_tasks(self) -> None:
        """Restart the library's tasks that have ended, because nothing is received without them.

        Raises:
            NotConnected: Slack refuses the token. The library tries again.
            Exception: the library's error, if a new attempt to connect fails with one.
        """
        client = self._handler.client
        if not await client.is_connected():
            client.wss_uri = None  # the ticket in this URL may already be used, and the library would retry it forever
        if self._connecting is not None and self._connecting.done() and client.current_session is None:
            self._connect()
            await self._connecting
        if client.message_processor.done():
            log.error("socket.restarted", task="message processor")
            client.message_processor = asyncio.ensure_future(client.process_messages())  # type: ignore[no-untyped-call]
        if self._connecting is None or not self._connecting.done() or client.connect_operation_lock.locked():
            return
        if _has_ended(client.message_receiver) or _has_ended(client.current_session_monitor):
            log.error("socket.restarted", task="receiver")
            await client.connect_to_new_endpoint(force=True)
        if self._handler.refused_later:
            await self.check()

    async def check(self) -> str:
        """Return a sentence while the connection is open. Raises NotConnected."""
        if code := self._handler.refused_later:
            raise NotConnected(refusal_of(code))
        if not await self.is_ready():
            raise NotConnected("There is no Socket Mode connection to Slack.")
        return "The Socket Mode connection to Slack is open."

    async def is_ready(self) -> bool:
        """Return True while the connection is open."""
        return bool(await self._handler.client.is_connected())

    async def close(self, *, drain_seconds: float = 10.0) -> bool:
        """Wait for outstanding acknowledgements, close the connection, and wait for running work.

        Returns False if some work took too long and was cancelled.
        """
        try:
            await asyncio.wait_for(self._handler.idle.wait(), ACK_SECONDS)
        except TimeoutError:
            log.warning("closing with an unacknowledged envelope")
        await self._loop.stop()
        if self._connecting is not None and not self._connecting.done():
            self._connecting.cancel()
            await asyncio.wait([self._connecting], timeout=1)
        await self._handler.close_async()  # type: ignore[no-untyped-call]
        return await self._tasks.drain(drain_seconds)


def refusal_of(code: str) -> str:
    """Return a sentence for operators: Slack refuses the app-level token, with this error code."""
    return f"Slack doesn't accept SLACK_APP_TOKEN ({code}). {HOW_TO_CONNECT}"


def _has_ended(task: "asyncio.Future[None] | None") -> bool:
    return task is None or task.done()
