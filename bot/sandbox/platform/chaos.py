"""The outermost ASGI layer: logs each call, and applies the faults."""

import asyncio
import time
from typing import Any

import httpx
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.sandbox.platform.calls import Call
from bot.sandbox.platform.faults import Fault, FaultKind
from bot.sandbox.platform.turso import Turso

RAW_SEND = "platform.send"


class Chaos:
    """Logs calls and applies faults. Calls to `/_admin/` are neither logged nor affected by faults."""

    def __init__(self, app: ASGIApp, turso: Turso) -> None:
        self._app, self._turso = app, turso

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/_admin/"):
            await self._app(scope, receive, send)
            return
        call = self._log(scope)
        started = time.perf_counter()

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                call.status = message["status"]
            await send(message)

        try:
            await self._apply_faults(scope, receive, noting)
        finally:
            call.seconds = time.perf_counter() - started

    def _log(self, scope: Scope) -> Call:
        path = scope["path"]
        plane = "data" if path.startswith("/db/") else "control"
        query = scope["query_string"].decode("latin-1") if plane == "control" else ""
        call = Call(plane, scope["method"], path, query, self._turso.clock.time())  # type: ignore[arg-type]
        self._turso.calls.add(call)
        return call

    async def _apply_faults(self, scope: Scope, receive: Receive, send: Send) -> None:
        faults = {fault.kind: fault for fault in self._turso.faults.take(scope["method"], scope["path"])}
        if latency := faults.get("latency"):
            await asyncio.sleep(latency.seconds)
        await _hold(faults.get("hold_before"))
        if "drop" in faults:
            return _hang_up(scope)
        if status := faults.get("status"):
            return await _refuse(status)(scope, receive, send)
        if "lost" in faults or "hold_after" in faults:
            return await self._late(scope, receive, send, faults)
        return await self._app(scope, receive, send)

    async def _late(self, scope: Scope, receive: Receive, send: Send, faults: dict[FaultKind, Fault]) -> None:
        """Handle the request, then hold or drop its response."""
        messages: list[Message] = []

        async def keep(message: Message) -> None:
            messages.append(message)

        await self._app(scope, receive, keep)
        await _hold(faults.get("hold_after"))
        if "lost" in faults:
            return _hang_up(scope)
        for message in messages:
            await send(message)
        return None


async def _hold(fault: Fault | None) -> None:
    if fault is not None:
        fault.arrived.set()
        await fault.released.wait()


def _refuse(fault: Fault) -> Response:
    headers = {"retry-after": fault.retry_after} if fault.retry_after is not None else None
    if fault.body is not None:
        return Response(fault.body, fault.status, headers)
    return JSONResponse({"error": _TEXTS.get(fault.status, "internal server error")}, fault.status, headers)


_TEXTS = {429: "too many requests", 502: "upstream forward failed", 503: "service unavailable", 504: "gateway timeout"}


def _hang_up(scope: Scope) -> None:
    """Close the connection without a response.

    ASGI has no event for this, so it finds the connection through the server's own `send`, which is a method of
    uvicorn's request cycle. Without a server (a client that calls the application directly), it raises the error that
    such a client would raise.
    """
    cycle: Any = getattr(scope.get(RAW_SEND), "__self__", None)
    transport = getattr(cycle, "transport", None)
    if transport is None:
        raise httpx.RemoteProtocolError("Server disconnected without sending a response.")
    cycle.disconnected = True
    transport.abort()
