"""The responses of faults: a broken connection, no response, a web page, or a changed response."""

from __future__ import annotations

from typing import Any

from starlette.responses import HTMLResponse, Response
from starlette.types import Receive, Scope, Send

from bot.sandbox.workspace.faults import Fault, Faults
from bot.sandbox.workspace.model import Json

_PAGE = "<!DOCTYPE html><html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"
_TITLES = {
    200: "Slack is down for maintenance",
    429: "429 Too Many Requests",
    520: "520: Web server is returning an unknown error",
    525: "525: SSL handshake failed",
}


class DroppedConnection(Response):
    """Announces a body but doesn't send all of it, so that the server has to close the connection."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"application/json"), (b"content-length", b"100"), (b"connection", b"close")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b'{"o', "more_body": True})
        raise ConnectionAbortedError("the fault `drop` is on")


class Silence(Response):
    """Sends nothing, and waits until the caller disconnects."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass


def broken_before(faults: Faults, method: str) -> tuple[str, Response] | None:
    """Return the fault that affects a call before anything is done, and its response. None if there is none."""
    if faults.take("drop", method):
        return "drop", DroppedConnection()
    if faults.take("silent", method):
        return "silent", Silence()
    if fault := faults.take("html", method):
        return "html", _web_page(fault)
    return None


def broken_after(faults: Faults, method: str) -> Response | None:
    """Return what is sent instead of the response of a completed call. None if no fault is active."""
    if faults.take("lost_answer", method):
        return DroppedConnection()
    return Silence() if faults.take("silent_after", method) else None


def reshaped(faults: Faults, method: str, answer: Json) -> Json:
    """Return a response, changed by the active fault, if any. A response with an error stays as it is."""
    if not answer.get("ok"):
        return answer
    if faults.take("bare", method):
        return {"ok": True}
    if faults.take("malformed", method):
        return {name: value if name == "ok" else _of_another_type(value) for name, value in answer.items()}
    return answer


def _of_another_type(value: Any) -> Any:
    if isinstance(value, dict):
        return [value]
    if isinstance(value, list):
        return {"list": value}
    return 17 if isinstance(value, str) else "17"


def _web_page(fault: Fault) -> Response:
    title = _TITLES.get(fault.status, f"{fault.status}: Error")
    return HTMLResponse(_PAGE.format(title=title), fault.status, fault.headers)
