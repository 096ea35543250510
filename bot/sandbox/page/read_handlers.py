"""Handlers of the GET requests of the sandbox's web page: whole pages, parts of pages, and the stream of changes."""

import json
from collections.abc import Sequence
from urllib.parse import quote

from sse_starlette import EventSourceResponse
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response

from bot.sandbox.workspace.model import Channel, Person
from bot.sandbox.workspace.timeline import wall_clock
from bot.sandbox.workspace.workspace import Workspace

from .faults import switches
from .files import content_for
from .hints import CommandHint, hints_for
from .inspector import Inspector
from .page_renderer import PageRenderer
from .render.renderer import environment
from .scene import Scene
from .stream import events
from .tour import TourStep, as_data
from .turso_panel import TursoControls
from .windows import Windows


def scene_of(workspace: Workspace, request: Request) -> Scene:
    """Return the scene of the person in the URL. Raises a 404 error if nobody can act as that person."""
    person = workspace.people.get(request.path_params["person"])
    if person is None or person.is_bot or person.deleted:
        raise HTTPException(404, "There is no person with this ID.")
    return Scene(workspace, person)


async def refused(request: Request, error: Exception) -> Response:
    """Return an error response: a page for a direct visit, a sentence for a request that the page made."""
    assert isinstance(error, HTTPException)
    if request.headers.get("hx-request") == "true":
        return PlainTextResponse(error.detail, error.status_code)
    template = environment().get_template("error.html")
    return HTMLResponse(template.render(status=error.status_code, detail=error.detail), error.status_code)


class ReadHandlers:
    """Handlers of GET requests. They change nothing, except that reloading the page removes ephemeral messages."""

    def __init__(
        self,
        workspace: Workspace,
        windows: Windows,
        commands: Sequence[CommandHint],
        tour: Sequence[TourStep],
        boot: str,
        platform_url: str | None,
        turso: TursoControls | None = None,
        *,
        can_reset: bool = False,
    ) -> None:
        self._workspace, self._windows = workspace, windows
        self._commands, self._tour, self._boot, self._platform_url = commands, tour, boot, platform_url
        self._turso, self._can_reset = turso, can_reset

    async def front(self, request: Request) -> Response:
        """Redirect to the first conversation of the person in the URL, or for `/` of the person who starts the tour."""
        person = request.path_params.get("person")
        people = [each for each in self._workspace.people.values() if not each.is_bot and not each.deleted]
        first = next((each for each in people if each.id == person), None) if person else self._newcomer()
        if first is None:
            raise HTTPException(404, "There is no person with this ID.")
        return RedirectResponse(f"/as/{first.id}/{Scene(self._workspace, first).first_place()}")

    async def channel(self, request: Request) -> Response:
        scene, channel = self._place(request)
        if "pane" in request.query_params:
            return HTMLResponse(PageRenderer(scene).channel_pane(channel, self._tries(scene)))
        return self._page(request, scene, channel)

    async def older(self, request: Request) -> Response:
        scene, channel = self._place(request)
        before = request.query_params.get("before", "")
        if not before.replace(".", "", 1).isdecimal():
            raise HTTPException(400, "before is a message's ts.")
        return HTMLResponse(PageRenderer(scene).older(channel, before, self._tries(scene)))

    async def thread(self, request: Request) -> Response:
        scene, channel = self._place(request)
        ts = request.path_params["ts"]
        if self._workspace.state.message(channel.id, ts) is None:
            raise HTTPException(404, "That message no longer exists.")
        return HTMLResponse(PageRenderer(scene).thread_pane(channel, ts))

    async def home(self, request: Request) -> Response:
        scene = scene_of(self._workspace, request)
        if not scene.has_home:
            return RedirectResponse(f"/as/{scene.person.id}/{scene.first_place()}")
        if "pane" in request.query_params:
            return HTMLResponse(PageRenderer(scene).home_pane())
        return self._page(request, scene, None)

    async def sidebar(self, request: Request) -> Response:
        scene = scene_of(self._workspace, request)
        place = request.query_params.get("place", "")
        return HTMLResponse(PageRenderer(scene).template("sidebar.html", place=place))

    async def file(self, request: Request) -> Response:
        scene = scene_of(self._workspace, request)
        found = content_for(self._workspace, scene.person.id, request.path_params["file"])
        if found is None:
            raise HTTPException(404, "There is no such file.")
        name, content = found
        quoted = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
        return Response(content, media_type="application/octet-stream", headers={"Content-Disposition": quoted})

    async def lab(self, request: Request) -> Response:
        scene = scene_of(self._workspace, request)
        faults, moved = switches(self._workspace.faults), moved_text(self._workspace)
        turso = await self._turso.facts() if self._turso else None
        return HTMLResponse(
            Inspector(scene).drawer(faults, moved, self._platform_url, turso, can_reset=self._can_reset)
        )

    async def lab_detail(self, request: Request) -> Response:
        try:
            return HTMLResponse(Inspector(scene_of(self._workspace, request)).detail(request.path_params["key"]))
        except LookupError:
            raise HTTPException(404, "There is no such entry.") from None

    async def stream(self, request: Request) -> Response:
        scene = scene_of(self._workspace, request)
        feed, complete = self._windows.claim(request.path_params["window"], scene.person.id)
        hello = json.dumps({"boot": json.loads(self._boot), "complete": complete})
        return EventSourceResponse(events(feed, self._workspace, scene.person.id, hello), ping=20)

    def _page(self, request: Request, scene: Scene, channel: Channel | None) -> Response:
        if request.headers.get("cache-control") in ("max-age=0", "no-cache"):  # sent by the browser's reload button
            self._workspace.reload(scene.person.id)
        # Open the feed before rendering, so that no change is lost while the page loads.
        window = self._windows.open(scene.person.id)
        renderer = PageRenderer(scene)
        pane = renderer.channel_pane(channel, self._tries(scene)) if channel else renderer.home_pane()
        return HTMLResponse(
            renderer.template(
                "page.html",
                pane=pane,
                place=channel.id if channel else "home",
                place_name=renderer.place_name(channel) if channel else "Home",
                window=window,
                modal=renderer.modal(),
                hints=hints_for(self._workspace, scene.person, self._commands),
                tour=as_data(self._tour),
                platform_url=self._platform_url,
                static=lambda path: f"/page/{path}",
            )
        )

    def _place(self, request: Request) -> tuple[Scene, Channel]:
        scene = scene_of(self._workspace, request)
        channel = self._workspace.channels.get(request.path_params["channel"])
        if channel is None or not self._workspace.state.can_see(scene.person.id, channel.id):
            raise HTTPException(404, f"{scene.me.name} can't see this conversation.")
        return scene, channel

    def _tries(self, scene: Scene) -> list[str]:
        """Return the commands that the start of a conversation offers as buttons."""
        command = next(iter(self._workspace.app.commands), None)
        if command is None or scene.person.team_id != self._workspace.state.team_id:
            return []
        known = {each.command_words for each in self._commands}
        wanted = ("db list", "usage", "help")
        return [command] + [f"{command} {each}" for each in wanted if each in known]

    def _newcomer(self) -> Person | None:
        """Return the person of the tour's first step. Without a tour, the first person."""
        people = self._workspace.people
        first = self._tour[0].acts[0].person if self._tour and self._tour[0].acts else None
        if first in people:
            return people[first]
        return next((each for each in people.values() if not each.is_bot and not each.deleted), None)


def moved_text(workspace: Workspace) -> str:
    """Return how far the workspace's time is from this machine's, in words that the page shows after the time."""
    seconds = (workspace.now() - wall_clock()).total_seconds()
    minutes = round(abs(seconds) / 60)
    if not minutes:
        return "– as on this machine"
    (days, rest), where = divmod(minutes, 1440), "ahead of" if seconds > 0 else "behind"
    parts = ((days, "d"), (rest // 60, "h"), (rest % 60, "min"))
    return f"– {' '.join(f'{count} {unit}' for count, unit in parts if count)} {where} this machine"
