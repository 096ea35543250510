"""The router that serves the page and all local services under one origin."""

from contextlib import AsyncExitStack

from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

ON_CALL = "/_oncall/"
SLACK = ("/api/", "/commands/", "/actions/", "/upload/", "/link/")
TURSO = ("/v1/", "/v2/", "/v3/", "/db/", "/_admin/", "/openapi.json")


def one_origin(*, page: Starlette, slack: Starlette, turso: Starlette, on_call: Starlette) -> ASGIApp:
    """Return an application that passes each request to one of these four, depending on its path."""

    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return await _run_lifespans(receive, send, page, slack, turso, on_call)
        path = scope["path"]
        if path.startswith(ON_CALL):
            return await on_call(scope, receive, send)
        app = slack if path.startswith(SLACK) else turso if path.startswith(TURSO) else page
        return await app(scope, receive, send)

    return dispatch


async def _run_lifespans(receive: Receive, send: Send, *apps: Starlette) -> None:
    """Start every application, wait for the shutdown, and stop them in the reverse order."""
    async with AsyncExitStack() as stack:
        await receive()
        for app in apps:
            await stack.enter_async_context(app.router.lifespan_context(app))
        await send({"type": "lifespan.startup.complete"})
        await receive()
    await send({"type": "lifespan.shutdown.complete"})
