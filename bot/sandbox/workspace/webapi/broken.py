"""What is no answer of an API: a broken connection, silence, a web page."""

from __future__ import annotations

from starlette.responses import HTMLResponse, Response
from starlette.types import Receive, Scope, Send

from bot.sandbox.workspace.faults import Fault, Faults

_PAGE = "<!DOCTYPE html><html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"
_TITLES = {
    200: "Slack is down for maintenance",
    429: "429 Too Many Requests",
    520: "520: Web server is returning an unknown error",
    525: "525: SSL handshake failed",
}


class DroppedConnection(Response):
    """Promises a body and sends none of it: the server then has to close the connection."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"application/json"), (b"content-length", b"100"), (b"connection", b"close")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b'{"o', "more_body": True})
        raise ConnectionAbortedError("the fault `drop` is on")


class Silence(Response):
    """Sends nothing at all until the caller hangs up."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass


def broken_before(faults: Faults, method: str) -> tuple[str, Response] | None:
    """Return the trouble that strikes a call before anything is done, with what the caller gets; None for none."""
    if faults.take("drop", method):
        return "drop", DroppedConnection()
    if faults.take("silent", method):
        return "silent", Silence()
    if fault := faults.take("html", method):
        return "html", _web_page(fault)
    return None


def broken_after(faults: Faults, method: str) -> Response | None:
    """Return what the caller gets instead of the answer to a call that was done; None for none."""
    if faults.take("lost_answer", method):
        return DroppedConnection()
    return Silence() if faults.take("silent_after", method) else None


def _web_page(fault: Fault) -> Response:
    title = _TITLES.get(fault.status, f"{fault.status}: Error")
    return HTMLResponse(_PAGE.format(title=title), fault.status, fault.headers)
