"""Serves the pages for operators: `/healthz`, `/readyz` and `/metrics`, on Slack's port or on their own."""

import asyncio
import socket as sockets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, nullcontext

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from bot.app.compose import Bot
from bot.settings import BadSettings
from bot.slack.incoming.http import Page, http_server


def pages_of(bot: Bot) -> Mapping[str, Page]:
    """Return the pages of a process, by their paths."""

    async def healthz(_: Request) -> Response:
        return PlainTextResponse("alive\n")

    async def readyz(_: Request) -> Response:
        is_ready, body = await bot.readiness.report()
        return JSONResponse(body, status_code=200 if is_ready else 503)

    async def metrics(_: Request) -> Response:
        bot.metrics.stored(await bot.health.stored())
        return Response(bot.metrics.text(), media_type="text/plain; version=0.0.4")

    return {"/healthz": healthz, "/readyz": readyz, "/metrics": metrics}


def listening(host: str, port: int, *, names: str) -> sockets.socket:
    """Bind a port and listen on it.

    Args:
        names: the option or settings with the host and port, for the error.
    Raises:
        BadSettings: it can't be bound.
    """
    family = sockets.AF_INET6 if ":" in host else sockets.AF_INET
    both = host == "::" and sockets.has_dualstack_ipv6()
    try:
        return sockets.create_server((host, port), family=family, backlog=2048, dualstack_ipv6=both)
    except (OSError, UnicodeError) as error:
        why, *_ = (getattr(error, "strerror", None) or "not found").split(
            " (while "
        )  # what follows repeats the address
        raise BadSettings(f"{names}: can't listen on {written(host, port)} ({why}).") from None


def written(host: str, port: int) -> str:
    """Return an address in the form that a URL needs."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def listening_for_health(host: str, port: int | None) -> "sockets.socket | nullcontext[None]":
    """Bind the port of `--health-port`, if there is one. Raises BadSettings if it can't be bound."""
    return nullcontext() if port is None else listening(host, port, names="HOST and --health-port")


@asynccontextmanager
async def health_pages(bot: Bot, entrance: sockets.socket | None) -> AsyncIterator[None]:
    """Serve the pages while the context is open. Do nothing without a socket."""
    if entrance is None:
        yield
        return
    app = Starlette(routes=[Route(path, page, methods=["GET"]) for path, page in pages_of(bot).items()])
    server = http_server(app, *entrance.getsockname()[:2], graceful_seconds=1)
    serving = asyncio.create_task(server.serve(sockets=[entrance]), name="health pages")
    try:
        yield
    finally:
        server.should_exit = True
        await serving
