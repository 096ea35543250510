"""Bolt with less to do for each request: a third of its CPU goes into what this bot never uses."""

import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from slack_bolt.app.async_app import AsyncApp
from slack_bolt.context.async_context import AsyncBoltContext
from slack_bolt.listener.async_listener import AsyncListener
from slack_bolt.request.async_internals import build_async_context
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bot.slack.incoming._payload_validation import Body
from bot.slack.sdk_logging import BOLT_LOGGER

Acknowledge = Callable[..., Awaitable[Any]]
Handler = Callable[[Acknowledge, Body], Awaitable[None]]


class LeanApp(AsyncApp):
    """Bolt, without the client that it builds for each request: ours is never called."""

    def _init_context(self, req: AsyncBoltRequest) -> None:
        req.context["logger"] = self._framework_logger
        req.context["token"] = self._token
        req.context["client"] = self._async_client
        req.context["listener_runner"] = self.listener_runner

    def serve_all(self, find: Callable[[Body], Handler | None]) -> None:
        """Let one listener take every request for which `find` knows a handler, called with `ack` and the body."""
        self._async_listeners.append(OneListener(find))


class OneListener(AsyncListener):
    """Looks the handler up. Bolt's own would ask one matcher after the other, each with thirty arguments made ready."""

    def __init__(self, find: Callable[[Body], Handler | None]) -> None:
        self._find = find
        self.matchers = self.middleware = self.lazy_functions = ()
        self.ack_function = _called_by_the_listener
        self.auto_acknowledgement = False
        self.ack_timeout = 3

    async def async_matches(self, *, req: AsyncBoltRequest, resp: BoltResponse) -> bool:
        """True when somebody takes it."""
        return self._find(req.body) is not None

    async def run_ack_function(self, *, request: AsyncBoltRequest, response: BoltResponse) -> BoltResponse | None:
        """Hand it over; the answer is what the handler acknowledges with."""
        if handler := self._find(request.body):
            await handler(request.context.ack, request.body)
        return None


async def _called_by_the_listener(*_: object) -> BoltResponse:
    """Only its name is used, in Bolt's logs: the handler is looked up for each request."""
    return BoltResponse(status=200)


class SlackRequest(AsyncBoltRequest):
    """A request behind the guard, which has parsed its body and kept few of its headers."""

    def __init__(self, raw_body: str, headers: Iterable[tuple[bytes, bytes]], body: Body) -> None:
        self.raw_body, self.body, self.query, self.mode = raw_body, body, {}, "http"
        self.headers = {name.decode("latin-1"): [value.decode("latin-1")] for name, value in headers}
        self.content_type = None
        self.context = build_async_context(AsyncBoltContext({"logger": logging.getLogger(BOLT_LOGGER)}), body)
        self.lazy_only, self.lazy_function_name = False, None
