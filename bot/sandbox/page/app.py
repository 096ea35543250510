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

from .action_handlers import ActionHandlers
from .guard import SamePageOnly
from .hints import CommandHint
from .read_handlers import ReadHandlers, refused
from .tour import TourStep, default_tour
from .turso_panel import TursoControls
from .windows import Windows

STATIC = Path(__file__).parent / "static"


def create_page(
    workspace: Workspace,
    *,
    commands: Sequence[CommandHint] = (),
    platform_url: str | None = None,
    tour: Sequence[TourStep] | None = None,
    on_move: Callable[[timedelta], Awaitable[None]] | None = None,
    turso: TursoControls | None = None,
    on_reset: Callable[[], None] | None = None,
) -> Starlette:
    """Return the application of the page, to be mounted at `/`.

    Args:
        commands: what the composer suggests after the slash command.
        platform_url: the address of the local Turso, which the page shows.
        tour: the guided tour. None means the seeded workspace's own tour, and an empty one means no tour.
        on_move: called after somebody has moved the workspace's clock.
        turso: the local Turso that the panel changes. None means no panel.
        on_reset: called to start the sandbox from the beginning. None means no button for it.
    """
    steps = default_tour() if tour is None else tour
    boot = json.dumps(secrets.token_hex(4))
    read = ReadHandlers(
        workspace, Windows(workspace), commands, steps, boot, platform_url, turso, can_reset=on_reset is not None
    )
    actions = ActionHandlers(workspace, on_move, turso, on_reset)
    routes = [
        Route("/", read.front),
        Route("/as/{person}", read.front),
        Route("/as/{person}/c/{channel}", read.channel),
        Route("/as/{person}/c/{channel}/older", read.older),
        Route("/as/{person}/t/{channel}/{ts}", read.thread),
        Route("/as/{person}/home", read.home),
        Route("/as/{person}/sidebar", read.sidebar),
        Route("/as/{person}/stream/{window}", read.stream),
        Route("/as/{person}/files/{file}", read.file),
        Route("/as/{person}/lab", read.lab),
        Route("/as/{person}/lab/clock", actions.clock, methods=["POST"]),
        Route("/as/{person}/lab/reset", actions.reset, methods=["POST"]),
        Route("/as/{person}/lab/faults/{trouble}", actions.fault, methods=["POST"]),
        Route("/as/{person}/lab/own-faults", actions.add_fault, methods=["POST"]),
        Route("/as/{person}/lab/own-faults/{id:int}/off", actions.remove_fault, methods=["POST"]),
        Route("/as/{person}/lab/turso", actions.turso, methods=["POST"]),
        Route("/as/{person}/lab/admin/{kind}/{subject}", actions.administer, methods=["POST"]),
        Route("/as/{person}/lab/{key}", read.lab_detail),
        Route("/as/{person}/delete/{channel}/{ts}", actions.delete, methods=["POST"]),
        Route("/as/{person}/say", actions.say, methods=["POST"]),
        Route("/as/{person}/act", actions.act, methods=["POST"]),
        Route("/as/{person}/suggest", actions.suggest, methods=["POST"]),
        Route("/as/{person}/home/open", actions.open_home, methods=["POST"]),
        Route("/as/{person}/shortcut/{callback}", actions.shortcut, methods=["POST"]),
        Route("/as/{person}/shortcut/{callback}/{ts}", actions.message_shortcut, methods=["POST"]),
        Route("/as/{person}/views/{view}/submit", actions.submit, methods=["POST"]),
        Route("/as/{person}/views/{view}/close", actions.close, methods=["POST"]),
        Mount("/page", StaticFiles(directory=STATIC), name="static"),
    ]
    return Starlette(
        routes=routes,
        middleware=[Middleware(LoopbackOnly), Middleware(SamePageOnly)],
        exception_handlers={HTTPException: refused},
    )
