"""The steps of a call to the Web API: faults, token, rate limit, scopes, method, record."""

from __future__ import annotations

import asyncio
import time

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bot.sandbox.workspace.errors import SlackError
from bot.sandbox.workspace.model import Json
from bot.sandbox.workspace.records import Call
from bot.sandbox.workspace.webapi.arguments import Args, read_arguments
from bot.sandbox.workspace.webapi.audience import person_of_call
from bot.sandbox.workspace.webapi.broken import broken_after, broken_before, reshaped
from bot.sandbox.workspace.webapi.chat import chat
from bot.sandbox.workspace.webapi.conversations import conversations
from bot.sandbox.workspace.webapi.files import files
from bot.sandbox.workspace.webapi.known import SCOPE_OF_METHOD
from bot.sandbox.workspace.webapi.methods import Context, Method
from bot.sandbox.workspace.webapi.people import people
from bot.sandbox.workspace.webapi.rates import Rates
from bot.sandbox.workspace.webapi.reactions_and_pins import reactions_and_pins
from bot.sandbox.workspace.webapi.scheduled import scheduled
from bot.sandbox.workspace.webapi.system import system
from bot.sandbox.workspace.webapi.views import views
from bot.sandbox.workspace.workspace import Workspace

METHODS: dict[str, Method] = {
    **chat.methods, **conversations.methods, **files.methods, **reactions_and_pins.methods, **people.methods,
    **scheduled.methods, **system.methods, **views.methods,
}  # fmt: skip


class WebApi:
    """Handles `/api/METHOD`."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self.rates = Rates(workspace.state)

    async def call(self, request: Request) -> Response:
        name = request.path_params["method"]
        started, args = time.perf_counter(), Args({})
        faults = self._workspace.faults
        if late := faults.take("slow", name):
            await asyncio.sleep(late.seconds)
        if broken := broken_before(faults, name):
            trouble, response = broken
            self._record(name, args, {"ok": False, "error": trouble}, response.status_code, started)
            return response
        try:
            args = await read_arguments(request)
            self._raise_fault(name)
            answer = reshaped(faults, name, await self._answer(name, request, args))
            status, headers = 200, self._headers()
        except SlackError as error:
            answer, status, headers = error.as_answer(), error.status, {**self._headers(), **error.headers}
        _add_warnings(answer, args)
        self._record(name, args, answer, status, started)
        if lost := broken_after(faults, name):
            return lost
        return JSONResponse(answer, status, headers)

    async def _answer(self, name: str, request: Request, args: Args) -> Json:
        if name == "api.test":
            return {"ok": True, "args": args.without_token()}
        method = METHODS.get(name)
        kind = self._workspace.state.tokens.identify(_token(request, args))
        if method is None:
            raise self._unknown(name)
        if method.caller != kind and name != "auth.test":
            raise SlackError("not_allowed_token_type")
        self.rates.call(name, method.tier)
        ctx = Context(self._workspace, args, self.rates)
        if method.scopes and method.caller == "bot":
            ctx.need(*method.scopes)
        return {"ok": True, **await method.handler(ctx)}

    def _unknown(self, name: str) -> SlackError:
        """Return the error for a method that isn't implemented.

        If Slack has the method and the app lacks its scope, that is `missing_scope`, as in Slack.
        """
        app = self._workspace.app
        if (scope := SCOPE_OF_METHOD.get(name)) and not app.has(scope):
            return SlackError("missing_scope", needed=scope, provided=",".join(app.scopes))
        return SlackError("unknown_method", req_method=name)

    def _raise_fault(self, name: str) -> None:
        """Raise the error of the active fault for this method, if there is one."""
        faults = self._workspace.faults
        if fault := faults.take("ratelimited", name):
            raise SlackError("ratelimited", status=429, headers=fault.headers)
        if fault := faults.take("server_error", name):
            raise SlackError("internal_error", status=fault.status)
        if fault := faults.take("api_error", name):
            raise SlackError(fault.error)

    def _headers(self) -> dict[str, str]:
        return {"x-oauth-scopes": ",".join(self._workspace.app.scopes), "x-accepted-oauth-scopes": ""}

    def _record(self, name: str, args: Args, answer: Json, status: int, started: float) -> None:
        call = Call(
            method=name, args=args.without_token(), answer=answer, status=status, at=self._workspace.now(),
            milliseconds=(time.perf_counter() - started) * 1000, error=answer.get("error"),
            person_id=person_of_call(self._workspace.state, name, args, answer),
        )  # fmt: skip
        self._workspace.state.record_call(call)


def _token(request: Request, args: Args) -> str | None:
    """Return the token in the header, otherwise the one in the arguments, or None."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else args.text("token")


def _add_warnings(answer: Json, args: Args) -> None:
    if args.warnings:
        answer["warning"] = ",".join(args.warnings)
        answer.setdefault("response_metadata", {})["warnings"] = list(args.warnings)
