"""The page of the local workspace as a web application."""

import json
import secrets
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from bot.sandbox.workspace.guard import LoopbackOnly
from bot.sandbox.workspace.workspace import Workspace

from .acting import Acting
from .guard import SamePageOnly
from .hints import CommandHint
from .looking import HomeViewer, refused
from .tour import TourStep, default_tour
from .windows import Windows

STATIC = Path(__file__).parent / "static"


def create_page(
    workspace: Workspace,
    *,
    commands: Sequence[CommandHint] = (),
    platform_url: str | None = None,
    tour: Sequence[TourStep] | None = None,
    on_move: Callable[[timedelta], Awaitable[None]] | None = None,
) -> Starlette:
    """Return the application of the page, to be mounted at `/`.

    Args:
        commands: what the composer suggests after the slash command.
        platform_url: where the local database platform is, for the page to mention it.
        tour: the guided tour; the seeded workspace's own when `None`, none when empty.
        on_move: called when somebody moves the clock, after the workspace's own has moved.
    """
    steps = default_tour() if tour is None else tour
    boot = json.dumps(secrets.token_hex(4))
    looking = HomeViewer(workspace, Windows(workspace), commands, steps, boot, platform_url)
    acting = Acting(workspace, on_move)
    routes = [
        Route("/", looking.front),
        Route("/as/{person}", looking.front),
        Route("/as/{person}/c/{channel}", looking.channel),
        Route("/as/{person}/c/{channel}/older", looking.older),
        Route("/as/{person}/t/{channel}/{ts}", looking.thread),
        Route("/as/{person}/home", looking.home),
        Route("/as/{person}/sidebar", looking.sidebar),
        Route("/as/{person}/stream/{window}", looking.stream),
        Route("/as/{person}/files/{file}", looking.file),
        Route("/as/{person}/lab", looking.lab),
        Route("/as/{person}/lab/clock", acting.clock, methods=["POST"]),
        Route("/as/{person}/lab/faults/{trouble}", acting.fault, methods=["POST"]),
        Route("/as/{person}/lab/own-faults", acting.add_fault, methods=["POST"]),
        Route("/as/{person}/lab/own-faults/{number:int}/off", acting.remove_fault, methods=["POST"]),
        Route("/as/{person}/lab/admin/{kind}/{subject}", acting.administer, methods=["POST"]),
        Route("/as/{person}/lab/{key}", looking.lab_detail),
        Route("/as/{person}/delete/{channel}/{ts}", acting.delete, methods=["POST"]),
        Route("/as/{person}/say", acting.say, methods=["POST"]),
        Route("/as/{person}/act", acting.act, methods=["POST"]),
        Route("/as/{person}/suggest", acting.suggest, methods=["POST"]),
        Route("/as/{person}/home/open", acting.open_home, methods=["POST"]),
        Route("/as/{person}/shortcut/{callback}", acting.shortcut, methods=["POST"]),
        Route("/as/{person}/shortcut/{callback}/{ts}", acting.message_shortcut, methods=["POST"]),
        Route("/as/{person}/views/{view}/submit", acting.submit, methods=["POST"]),
        Route("/as/{person}/views/{view}/close", acting.close, methods=["POST"]),
        Mount("/page", StaticFiles(directory=STATIC), name="static"),
    ]
    return Starlette(
        routes=routes,
        middleware=[Middleware(LoopbackOnly), Middleware(SamePageOnly)],
        exception_handlers={HTTPException: refused},
    )
