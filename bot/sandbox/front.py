"""The router that serves the page, the local Slack and the local Turso under one origin."""

from contextlib import AsyncExitStack

from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

SLACK = ("/api/", "/commands/", "/actions/", "/upload/", "/link/")
TURSO = ("/v1/", "/v2/", "/v3/", "/db/", "/_admin/", "/openapi.json")


def one_origin(*, page: Starlette, slack: Starlette, turso: Starlette) -> ASGIApp:
    """Return the application that sends each path where it belongs."""

    async def entrance(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return await _lives(receive, send, page, slack, turso)
        path = scope["path"]
        app = slack if path.startswith(SLACK) else turso if path.startswith(TURSO) else page
        return await app(scope, receive, send)

    return entrance


async def _lives(receive: Receive, send: Send, *apps: Starlette) -> None:
    """Run the lifespans of the three applications together."""
    async with AsyncExitStack() as stack:
        await receive()
        for app in apps:
            await stack.enter_async_context(app.router.lifespan_context(app))
        await send({"type": "lifespan.startup.complete"})
        await receive()
    await send({"type": "lifespan.shutdown.complete"})
