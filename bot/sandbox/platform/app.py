"""The platform as an ASGI application."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount
from starlette.types import Receive, Scope, Send

from bot.sandbox.platform import admin as admin_endpoints
from bot.sandbox.platform import openapi
from bot.sandbox.platform.chaos import RAW_SEND, Chaos
from bot.sandbox.platform.control import routes as control
from bot.sandbox.platform.hrana import http as data_plane
from bot.sandbox.platform.hrana.limits import Limits
from bot.sandbox.platform.names import Generation
from bot.sandbox.platform.seed.organization import seed_organization
from bot.sandbox.platform.turso import Turso


class Platform(Starlette):
    """Keeps the server's own `send` in the scope, because some faults need it to close connections."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope[RAW_SEND] = send
        await super().__call__(scope, receive, send)


def create_platform(
    data: Path,
    *,
    organization: str = "acme",
    api_token: str,
    seed: bool = False,
    admin: bool = False,
    generation: Generation = "now",
    public_url: str | None = None,
    limits: Limits | None = None,
) -> Starlette:
    """Return a local Turso that keeps its state in the folder `data`.

    Args:
        api_token: a token for the Platform API. The platform also accepts API tokens that it has issued itself.
        seed: add a dozen databases with tables, rows and usage, unless the organization has any database.
        admin: serve `/_admin/`, with which tests set faults, hold calls, read the log of calls and move the clock.
        generation: imitate the API of 2023 or today's.
        public_url: the platform's address for clients. None means the `Host` header of each request.

    Returns:
        An application whose `state.turso` has `calls`, `faults` and `clock`.
    """
    turso = Turso(data, organization=organization, api_token=api_token, generation=generation, limits=limits)
    if seed:
        seed_organization(turso)
    # Any web page may open databases, as with Turso, but none may use the control plane.
    open_to_pages = Middleware(CORSMiddleware, allow_origins=["*"], allow_methods=["*"], allow_headers=["*"])
    databases = Mount("/db", routes=data_plane.routes(), middleware=[open_to_pages])
    # Most requests are for databases, so their paths are compared first.
    routes = [databases, *control.routes(), *openapi.routes()]
    if admin:
        routes += admin_endpoints.routes()
    app = Platform(
        routes=routes,
        middleware=[
            Middleware(Chaos, turso=turso),
        ],
        exception_handlers={HTTPException: _explain},  # type: ignore[dict-item]
        lifespan=_lifespan,
    )
    app.router.redirect_slashes = False
    app.state.turso, app.state.public_url = turso, public_url
    return app


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    turso: Turso = app.state.turso
    ticking = asyncio.create_task(turso.keep_ticking())
    try:
        yield
    finally:
        ticking.cancel()
        with suppress(asyncio.CancelledError):
            await ticking
        await turso.close()


async def _explain(request: Request, error: HTTPException) -> Response:
    text = "route not found" if error.status_code == 404 else error.detail
    return JSONResponse({"error": text}, error.status_code, error.headers)
