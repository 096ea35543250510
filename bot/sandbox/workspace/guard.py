"""Makes the sandbox reachable only from this machine, at a loopback host, and not from pages of another origin."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

_LOCAL = frozenset({"127.0.0.1", "localhost", "::1"})


class LoopbackOnly:
    """Refuses a request from another machine, for another host name, or from a web page of another origin.

    The name is checked because a web page elsewhere can point its own host name at 127.0.0.1. The origin is checked
    because such a page can send forms to the sandbox directly, and open WebSockets.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket") or _is_local(scope):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            refusal = PlainTextResponse("This sandbox answers on this machine only.", 403)
            await refusal(scope, receive, send)


def _is_local(scope: Scope) -> bool:
    headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
    host = headers.get(b"host", "")
    if _name(f"//{host}") not in _LOCAL:
        return False
    client = scope.get("client")
    if client is not None and client[0] not in ("127.0.0.1", "::1"):
        return False
    origin = headers.get(b"origin")
    return origin is None or urlsplit(origin).netloc == host


def _name(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None
