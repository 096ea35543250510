"""The HTTP server: the guard and Bolt on one path, Starlette on the others, all served by uvicorn."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import uvicorn
from slack_bolt.async_app import AsyncApp
from slack_bolt.response import BoltResponse
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.slack.incoming._connection_limits import limited_protocol
from bot.slack.incoming._flood_log import FloodLog
from bot.slack.incoming.bolt import EVENTS_PATH, acknowledgement
from bot.slack.incoming.request_guard import PARSED, AsgiApp, Guard, Receive, Scope, Send
from bot.slack.incoming.signing_secrets import SigningSecrets

Page = Callable[[Request], Awaitable[Response]]
KEEP_ALIVE_SECONDS: Final = 75
"""How long a connection stays open after a response.

Load balancers reuse connections that were idle for up to a minute. If the server closed a connection earlier, a
request that was sent at that moment would be lost, and a person would see an error.
"""


def create_asgi(
    app: AsyncApp,
    secrets: SigningSecrets,
    pages: Mapping[str, Page],
    *,
    lifespan: Callable[[Any], Any] | None = None,
    observe_ack: Callable[[float], None] | None = None,
    observe_signature: Callable[[bool], None] = lambda is_valid: None,
) -> AsgiApp:
    """Build the ASGI application.

    Args:
        pages: the other pages, served with GET: `/healthz`, `/readyz`, `/metrics`.
        lifespan: Starlette's lifespan of the whole application.
        observe_ack: called with the seconds from the verification of a request to its response.
        observe_signature: called with whether a request's signature is valid. Not called for a request without one, or
            one that is refused before the check.
    """
    unknown = FloodLog("nothing is served here")

    async def bolt(scope: Scope, receive: Receive, send: Send) -> None:
        await _send_response(send, await acknowledgement(app, scope[PARSED]))

    events = Guard(bolt, secrets, observe_ack=observe_ack, observe_signature=observe_signature)
    rest = Starlette(routes=[Route(path, page, methods=["GET"]) for path, page in pages.items()], lifespan=lifespan)

    async def entrance(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await rest(scope, receive, send)
        if scope["path"].rstrip("/") == EVENTS_PATH:  # people may have added a slash to the URL in Slack's settings
            return await events({**scope, "path": EVENTS_PATH}, receive, send)
        if scope["path"] not in pages:
            unknown.note(method=scope["method"][:16], path=scope["path"][:120])
        return await rest(scope, receive, send)

    return entrance


async def _send_response(send: Send, response: BoltResponse) -> None:
    body = response.body.encode()
    headers = [
        (name.encode(), value.encode())
        for name, values in response.headers.items()
        if name.lower() != "content-length"
        for value in values
    ]
    headers.append((b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def http_server(asgi: AsgiApp, host: str, port: int, *, graceful_seconds: int = 10) -> uvicorn.Server:
    """Return the server. It needs uvloop and httptools."""
    config = uvicorn.Config(
        asgi,
        host=host,
        port=port,
        loop="uvloop",
        http=limited_protocol(),
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        # Otherwise uvicorn reads WEB_CONCURRENCY and FORWARDED_ALLOW_IPS, which platforms set for other servers.
        workers=1,
        proxy_headers=False,
        forwarded_allow_ips="",
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=graceful_seconds,
    )
    return _Server(config)


class _Server(uvicorn.Server):
    """A server without signal handlers, because uvicorn's would end the process before running work is complete."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
