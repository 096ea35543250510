"""The page's handlers for actions: sending messages, pressing buttons, submitting forms, using the inspector."""

import json
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from bot.sandbox.workspace.records import CannotAct
from bot.sandbox.workspace.workspace import Workspace

from .administration import Administration, ButtonPress
from .faults import add_custom, remove_custom, turn
from .inspector import Inspector
from .page_renderer import PageRenderer
from .read_handlers import moved_text, scene_of
from .scene import Scene
from .turso_panel import SHARES, TursoControls

_LONGEST = timedelta(days=31)
_NOTHING = 204
_CHECKS_AT = timedelta(minutes=58, seconds=1)
LOOK = "look"
"""Value of the button that moves the clock to the time at which the bot next checks usage."""


class ActionHandlers:
    """Handlers of POST requests, which act for the person in the URL.

    What changes in the workspace reaches the page through its stream. The responses contain only errors, suggestions
    and the changed parts of the inspector.
    """

    def __init__(
        self,
        workspace: Workspace,
        on_move: Callable[[timedelta], Awaitable[None]] | None,
        turso: TursoControls | None = None,
        on_reset: Callable[[], None] | None = None,
    ) -> None:
        self._workspace, self._on_move, self._turso, self._on_reset = workspace, on_move, turso, on_reset
        self._administration = Administration(workspace)

    async def say(self, request: Request) -> Response:
        scene = scene_of(self._workspace, request)
        form = await request.form()
        text, channel, thread = (str(form.get(name) or "") for name in ("text", "channel", "thread"))
        if channel not in self._workspace.channels or not text.strip():
            raise HTTPException(400, "The message is empty.")
        action = self._workspace.say(scene.person.id, channel, text.strip(), thread_ts=thread or None)
        return await self._respond(scene, action)

    async def act(self, request: Request) -> Response:
        scene, payload = scene_of(self._workspace, request), await _payload(request)
        pressed = self._workspace.click(
            scene.person.id,
            action_id=str(payload.get("action")),
            block_id=payload.get("block"),
            message_ts=payload.get("message"),
            channel_id=payload.get("channel"),
            view_id=payload.get("view"),
            selected=payload.get("selected"),
        )
        return await self._respond(scene, pressed, quiet=bool(payload.get("quiet")))

    async def suggest(self, request: Request) -> Response:
        scene, payload = scene_of(self._workspace, request), await _payload(request)
        try:
            found = await self._workspace.suggest(
                scene.person.id,
                action_id=str(payload.get("action")),
                text=str(payload.get("text") or ""),
                message_ts=payload.get("message"),
                view_id=payload.get("view"),
                block_id=payload.get("block"),
            )
        except CannotAct:
            found = []
        return HTMLResponse(PageRenderer(scene).options(found))

    async def submit(self, request: Request) -> Response:
        scene, payload = scene_of(self._workspace, request), await _payload(request)
        values = payload.get("values")
        if not isinstance(values, dict):
            raise HTTPException(400, "values must be an object.")
        return await self._respond(
            scene, self._workspace.submit_view(scene.person.id, request.path_params["view"], values)
        )

    async def close(self, request: Request) -> Response:
        scene, payload = scene_of(self._workspace, request), await _payload(request)
        closed = self._workspace.close_view(
            scene.person.id, request.path_params["view"], whole_stack=bool(payload.get("all"))
        )
        return await self._respond(scene, closed, quiet=True)

    async def open_home(self, request: Request) -> Response:
        scene = scene_of(self._workspace, request)
        if not scene.has_home:
            return Response(status_code=_NOTHING)
        return await self._respond(scene, self._workspace.open_home(scene.person.id))

    async def shortcut(self, request: Request) -> Response:
        scene = scene_of(self._workspace, request)
        return await self._respond(scene, self._workspace.shortcut(scene.person.id, request.path_params["callback"]))

    async def message_shortcut(self, request: Request) -> Response:
        scene, callback = scene_of(self._workspace, request), request.path_params["callback"]
        return await self._respond(
            scene, self._workspace.message_shortcut(scene.person.id, callback, request.path_params["ts"])
        )

    async def fault(self, request: Request) -> Response:
        scene_of(self._workspace, request)
        form = await request.form()
        try:
            turn(self._workspace.faults, request.path_params["trouble"], form.get("on") == "1")
        except LookupError:
            raise HTTPException(404, "There is no such switch.") from None
        return Response(status_code=_NOTHING)

    async def add_fault(self, request: Request) -> Response:
        scene, form = scene_of(self._workspace, request), await request.form()
        values = {name: str(form.get(name) or "") for name in ("method", "answer", "code", "times")}
        try:
            add_custom(self._workspace.faults, **values)
        except ValueError as refusal:
            raise HTTPException(400, str(refusal)) from None
        return HTMLResponse(Inspector(scene).custom_faults())

    async def remove_fault(self, request: Request) -> Response:
        scene = scene_of(self._workspace, request)
        remove_custom(self._workspace.faults, request.path_params["id"])
        return HTMLResponse(Inspector(scene).custom_faults())

    async def administer(self, request: Request) -> Response:
        """Run the operation of a button in the administration panel, and render its row again."""
        scene, form = scene_of(self._workspace, request), await request.form()
        kind, subject = request.path_params["kind"], request.path_params["subject"]
        press = ButtonPress(subject, scene.person.id, str(form.get("value") or "")[:200])
        try:
            await self._administration.do(kind, str(form.get("do") or ""), press)
        except LookupError:
            raise HTTPException(404, "There is no such setting.") from None
        except ValueError as refusal:
            raise HTTPException(400, str(refusal)) from None
        row = self._administration.row(kind, subject)
        return HTMLResponse(
            "" if row is None else PageRenderer(scene).template(f"_admin_{kind}.html", open=True, **row)
        )

    async def turso(self, request: Request) -> Response:
        """Run the operation of a button in the Turso panel, and render the panel again."""
        scene, form = scene_of(self._workspace, request), await request.form()
        if self._turso is None:
            raise HTTPException(404, "There is no local Turso.")
        try:
            note = await self._turso.do(str(form.get("do") or ""), str(form.get("value") or "")[:200])
        except LookupError:
            raise HTTPException(404, "There is no such setting.") from None
        facts = await self._turso.facts()
        return HTMLResponse(
            PageRenderer(scene).template("_turso.html", turso=facts, shares=SHARES, open=True, note=note)
        )

    async def delete(self, request: Request) -> Response:
        """Delete a message, as an administrator."""
        scene = scene_of(self._workspace, request)
        deleted = self._workspace.admin.delete_message(request.path_params["channel"], request.path_params["ts"])
        return await self._respond(scene, deleted)

    async def reset(self, request: Request) -> Response:
        """Start the sandbox from the beginning. The page reloads when the sandbox is available again."""
        if self._on_reset is None:
            raise HTTPException(404, "This workspace can't be reset.")
        self._on_reset()
        return Response(status_code=_NOTHING)

    async def clock(self, request: Request) -> Response:
        scene = scene_of(self._workspace, request)
        minutes = str((await request.form()).get("minutes") or "")
        if minutes == LOOK:
            by = until_next_check(self._workspace.now())
        elif not minutes.isdecimal() or timedelta(minutes=int(minutes[:9])) > _LONGEST:
            raise HTTPException(400, "minutes must be a number, of at most a month.")
        else:
            by = timedelta(minutes=int(minutes))
        self._workspace.move_time(by)
        if self._on_move is not None:
            await self._on_move(by)
        drawn = PageRenderer(scene).template(
            "_clock.html", now=self._workspace.now(), moved=moved_text(self._workspace)
        )
        return HTMLResponse(drawn)

    async def _respond(self, scene: Scene, operation: Awaitable[Any], *, quiet: bool = False) -> Response:
        """Await an action. If Slack wouldn't allow it, return a toast that says why, unless `quiet` is set."""
        try:
            await operation
        except CannotAct as refusal:
            if not quiet:
                return HTMLResponse(PageRenderer(scene).toast(str(refusal), bad=True))
        return Response(status_code=_NOTHING)


def until_next_check(now: datetime) -> timedelta:
    """Return the time until just after the bot's next check of usage, which is due at minute 58 of each hour."""
    check = now.replace(minute=0, second=0, microsecond=0) + _CHECKS_AT
    return check - now if check > now else check + timedelta(hours=1) - now


async def _payload(request: Request) -> dict[str, Any]:
    form = await request.form()
    try:
        payload = json.loads(str(form.get("payload") or ""))
    except ValueError:
        payload = None
    if not isinstance(payload, dict):
        raise HTTPException(400, "payload must be a JSON object.")
    return payload
