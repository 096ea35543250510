"""Renders the workspace as HTML for one person: messages, panes, threads, Home and modals."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from markupsafe import Markup

from bot.sandbox.workspace.model import Channel, Message, View

from .files import preview
from .render.renderer import Renderer, environment
from .scene import Scene
from .shell_command import shell_command

PAGE_OF_MESSAGES = 60


class PageRenderer:
    """Renders parts of the page for one person."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self._names = scene.directory()

    def template(self, name: str, **context: Any) -> Markup:
        """Render a template of the page with the context that all templates need."""
        made = environment().get_template(name).render(scene=self.scene, me=self.scene.me, **context)
        return Markup(made)  # noqa: S704  (autoescaped)

    # -- messages

    def message(self, message: Message, *, prefix: str = "m", fresh: bool = False) -> Markup:
        """Return one message.

        `prefix` distinguishes its copy in the channel (`m`) from the one in the thread pane (`t`).
        """
        values = self.scene.workspace.state.inputs.get((self.scene.person.id, message.ts))
        at = datetime.fromtimestamp(float(message.ts), UTC).isoformat(timespec="seconds")
        context = self._thread_facts(message) if prefix == "m" else {}
        return self.template(
            "_message.html",
            m=message,
            r=Renderer(self._names, values=values),
            author=self.scene.author(message),
            prefix=prefix,
            previews={str(each.get("id")): preview(self.scene.workspace, each) for each in message.files},
            fresh=fresh,
            at=at,
            shell=shell_command(message),
            **context,
        )

    def messages(self, messages: Sequence[Message], prefix: str = "m") -> Markup:
        return Markup("\n").join(self.message(each, prefix=prefix) for each in messages)

    def replies(self, parent: Message) -> Markup:
        """Return the line that is shown under a message and opens its thread."""
        return self.template("_replies.html", m=parent, r=Renderer(self._names), **self._thread_facts(parent))

    def _thread_facts(self, parent: Message) -> dict[str, Any]:
        if parent.is_ephemeral:
            return {"replies": 0, "repliers": []}
        replies = [each for each in self._thread(parent.channel_id, parent.ts) if each.ts != parent.ts]
        authors = {each.user_id: self.scene.author(each) for each in replies}
        return {"replies": len(replies), "repliers": list(authors.values())[:4]}

    def _thread(self, channel_id: str, ts: str) -> list[Message]:
        seen = self.scene.workspace.history(channel_id, self.scene.person.id)
        return [each for each in seen if ts in (each.ts, each.thread_ts)]

    # -- panes

    def channel_pane(self, channel: Channel, tries: Sequence[str] = ()) -> Markup:
        messages, older = self._page(channel, None)
        return self.template("channel_pane.html", **self._channel_facts(channel, tries), messages=messages, older=older)

    def older(self, channel: Channel, before: str, tries: Sequence[str] = ()) -> Markup:
        messages, older = self._page(channel, before)
        return self.template("older.html", **self._channel_facts(channel, tries), messages=messages, older=older)

    def thread_pane(self, channel: Channel, ts: str) -> Markup:
        messages = self.messages(self._thread(channel.id, ts), prefix="t")
        return self.template("thread.html", **self._channel_facts(channel), ts=ts, messages=messages)

    def home_pane(self) -> Markup:
        return self.template("home_pane.html", home=self.home())

    def home(self) -> Markup:
        view = self.scene.workspace.home_of(self.scene.person.id)
        if view is None:
            return self.template("home_empty.html")
        return self.template("home_view.html", view=view, r=self._view_renderer(view))

    def modal(self) -> Markup:
        """Return the top modal of the person's stack. Empty if none is open."""
        stack = self.scene.workspace.views_of(self.scene.person.id)
        if not stack:
            return Markup("")
        view = stack[-1]
        return self.template("modal.html", view=view, depth=len(stack), r=self._view_renderer(view))

    def toast(self, text: str, *, bad: bool = False) -> Markup:
        return self.template("toast.html", text=text, bad=bad)

    def options(self, found: Sequence[dict[str, Any]]) -> Markup:
        """Return the options that the app offered for a menu, with or without groups."""
        groups = found if found and "options" in found[0] else [{"options": found}]
        return self.template("options.html", groups=groups, r=Renderer(self._names))

    def place_name(self, channel: Channel) -> str:
        return self.scene.app_name if channel.is_im else f"#{channel.name}"

    def _view_renderer(self, view: View) -> Renderer:
        return Renderer(self._names, values=view.values, errors=view.errors)

    def _page(self, channel: Channel, before: str | None) -> tuple[Markup, str | None]:
        """Return the newest messages (before `before`, if given), and where to continue.

        That is the `before` for the next earlier messages, or None if there are none.
        """
        seen = self.scene.workspace.history(channel.id, self.scene.person.id)
        top = [each for each in seen if each.is_in_channel and (before is None or _order(each.ts) < _order(before))]
        page = top[-PAGE_OF_MESSAGES:]
        return self.messages(page), page[0].ts if len(top) > len(page) else None

    def _channel_facts(self, channel: Channel, tries: Sequence[str] = ()) -> dict[str, Any]:
        why = self.scene.why_no_composer(channel)
        shown = self.scene.channel(channel)
        return {
            "c": shown,
            "members": self.scene.members(channel),
            "place_name": self.place_name(channel),
            "may_write": why is None,
            "why_not": why,
            "tries": tries,
        }


def _order(ts: str) -> tuple[int, int]:
    seconds, _, micros = ts.partition(".")
    return int(seconds), int(micros or 0)
