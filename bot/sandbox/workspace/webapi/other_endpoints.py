"""Slack's endpoints that aren't Web API methods: `response_url`s, upload URLs, and the WebSocket of Socket Mode."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.websockets import WebSocket, WebSocketDisconnect

from bot.sandbox.workspace.delivery.sockets import Connection
from bot.sandbox.workspace.errors import SlackError
from bot.sandbox.workspace.model import Json
from bot.sandbox.workspace.records import Call
from bot.sandbox.workspace.user_actions.answers import respond
from bot.sandbox.workspace.webapi.arguments import Args, read_arguments
from bot.sandbox.workspace.webapi.audience import person_of_response
from bot.sandbox.workspace.webapi.broken import broken_after, broken_before
from bot.sandbox.workspace.webapi.files import receive
from bot.sandbox.workspace.webapi.rates import Rates
from bot.sandbox.workspace.workspace import Workspace

_SHORT_LIFE = 360.0  # how long a connection lasts with `debug_reconnects=true`, in seconds


class OtherEndpoints:
    """Handles requests to these endpoints, which need no token."""

    def __init__(self, workspace: Workspace, rates: Rates) -> None:
        self._workspace, self._rates = workspace, rates

    async def response_url(self, request: Request) -> Response:
        """Handle `POST /commands/…` and `POST /actions/…`. The path is the `response_url`'s secret."""
        started, args, path = time.perf_counter(), Args({}), request.url.path.lstrip("/")
        faults = self._workspace.faults
        if late := faults.take("slow", "response_url"):
            await asyncio.sleep(late.seconds)
        if broken := broken_before(faults, "response_url"):
            trouble, response = broken
            self._record(path, args, {"ok": False, "error": trouble}, response.status_code, started)
            return response
        try:
            args = await _posted(request)
            self._raise_fault()
            self._do(path, args)
            answer, status, headers = {"ok": True}, 200, {}
        except SlackError as error:
            answer, headers = error.as_answer(), error.headers
            # Unlike the methods of the Web API, this endpoint reports failures as HTTP errors.
            status = 400 if error.status == 200 else error.status
        self._record(path, args, answer, status, started)
        if lost := broken_after(faults, "response_url"):
            return lost
        if status == 200 and faults.take("malformed", "response_url"):
            return JSONResponse([answer])
        return JSONResponse(answer, status, headers)

    async def upload(self, request: Request) -> Response:
        """Handle `POST /upload/v1/…`: raw bytes or one multipart file, without a token."""
        if broken := broken_before(self._workspace.faults, "upload"):
            return broken[1]
        if request.headers.get("content-type", "").startswith("multipart/form-data"):
            form = await request.form()
            parts = [value for value in form.values() if not isinstance(value, str)]
            content = await parts[0].read() if parts else b""
        else:
            content = await request.body()
        if not receive(self._workspace.state, request.path_params["secret"], content):
            return PlainTextResponse("Upload failed", 400)
        return PlainTextResponse(f"OK - {len(content)}")

    async def socket(self, socket: WebSocket) -> None:
        """Handle `/link/?ticket=…`, one connection of Socket Mode."""
        sockets, limits = self._workspace.sockets, self._workspace.limits
        try:
            sockets.redeem(socket.query_params.get("ticket", ""))
        except SlackError:
            await socket.close(code=1008)
            return
        await socket.accept()
        short = socket.query_params.get("debug_reconnects") == "true"
        lifetime = _SHORT_LIFE if short else limits.socket_lifetime.total_seconds()
        connection = Connection(send=socket.send_text, close=socket.close)
        refresh = self._workspace.state.spawn(self._refresh(connection, lifetime))
        try:
            await sockets.join(connection, lifetime)
            while True:
                sockets.acknowledge(await socket.receive_text())
        except (WebSocketDisconnect, RuntimeError):  # RuntimeError: this side has closed it
            pass
        finally:
            refresh.cancel()
            sockets.leave(connection)

    async def _refresh(self, connection: Connection, lifetime: float) -> None:
        """Send `warning` shortly before the connection's lifetime ends, and `refresh_requested` at its end."""
        time, warning = self._workspace.state.time, self._workspace.limits.socket_warning
        await time.sleep(timedelta(seconds=lifetime) - warning)
        await self._workspace.sockets.disconnect("warning", connection)
        await time.sleep(warning)
        await self._workspace.sockets.disconnect("refresh_requested", connection)

    def _do(self, path: str, args: Args) -> None:
        hook = self._workspace.state.hooks.use(path, self._workspace.now())
        self._rates.post(hook.channel_id)
        content: Json = dict(args.given)
        for name in ("blocks", "attachments", "metadata"):
            content[name] = args.structure(name, "invalid_payload")
        respond(self._workspace.state, hook, content)

    def _raise_fault(self) -> None:
        faults = self._workspace.faults
        if fault := faults.take("ratelimited", "response_url"):
            raise SlackError("rate_limited", status=429, headers=fault.headers)
        if fault := faults.take("server_error", "response_url"):
            raise SlackError("internal_error", status=fault.status)
        if fault := faults.take("api_error", "response_url"):
            raise SlackError(fault.error)

    def _record(self, path: str, args: Args, answer: Json, status: int, started: float) -> None:
        call = Call(
            method="response_url", args=args.without_token(), answer=answer, status=status, at=self._workspace.now(),
            milliseconds=(time.perf_counter() - started) * 1000, error=answer.get("error"),
            person_id=person_of_response(self._workspace.state.hooks.find(path), args),
        )  # fmt: skip
        self._workspace.state.record_call(call)


async def _posted(request: Request) -> Args:
    """Return the message that was posted: the JSON in the form field `payload`, or without it all arguments."""
    args = await read_arguments(request)
    if "payload" in args.given:
        found = args.structure("payload", "invalid_payload")
        return Args(found if isinstance(found, dict) else {})
    return args
