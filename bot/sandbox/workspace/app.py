"""The workspace as a web application, and a server for it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp

from bot.sandbox.workspace.guard import LoopbackOnly
from bot.sandbox.workspace.webapi.endpoint import WebApi
from bot.sandbox.workspace.webapi.other_endpoints import OtherEndpoints
from bot.sandbox.workspace.workspace import Workspace


def create_workspace_app(workspace: Workspace) -> Starlette:
    """Return the web application that the Slack app calls: Web API, `response_url`s, upload URLs and Socket Mode."""
    api = WebApi(workspace)
    others = OtherEndpoints(workspace, api.rates)
    routes = [
        Route("/api/{method:path}", api.call, methods=["GET", "POST"]),
        Route("/commands/{rest:path}", others.response_url, methods=["POST"]),
        Route("/actions/{rest:path}", others.response_url, methods=["POST"]),
        Route("/upload/v1/{secret}", others.upload, methods=["POST"]),
        WebSocketRoute("/link/", others.socket),
    ]
    return Starlette(routes=routes, middleware=[Middleware(LoopbackOnly)])


@asynccontextmanager
async def serving(app: ASGIApp, *, port: int = 0) -> AsyncIterator[str]:
    """Serve an application on the loopback address, on a free port if `port` is 0. Yields `http://127.0.0.1:PORT`."""
    # Without `proto`, asyncio doesn't switch off Nagle's algorithm, which can delay a response by 40 ms.
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind(("127.0.0.1", port))
    config = uvicorn.Config(
        app,
        log_level="critical",
        access_log=False,
        lifespan="off",
        timeout_keep_alive=75,  # longer than a client keeps an idle connection, so that no request is lost
        timeout_graceful_shutdown=1,
    )
    server = _Server(config)
    running = asyncio.ensure_future(server.serve(sockets=[bound]))
    try:
        while not server.started and not running.done():  # noqa: ASYNC110  # uvicorn has no event for it
            await asyncio.sleep(0.005)
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"
    finally:
        server.stop()
        await running
        bound.close()


@asynccontextmanager
async def running(workspace: Workspace, *, port: int = 0) -> AsyncIterator[Workspace]:
    """Serve a workspace while the context is open. Sets its `origin`, and closes the workspace at the end."""
    async with serving(create_workspace_app(workspace), port=port) as origin:
        workspace.origin = origin
        try:
            yield workspace
        finally:
            await workspace.close()


class _Server(uvicorn.Server):
    """A server that installs no signal handlers."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        self.should_exit = True
        self._stopping.set()

    async def main_loop(self) -> None:
        """Run uvicorn's loop without its last wait for a tick, because tests start and stop many servers."""
        tick = 0
        while not await self.on_tick(tick):
            tick = (tick + 1) % 864_000
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), 0.1)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
