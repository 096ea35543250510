"""Sends the workspace's changes to a person's browser window, as server-sent events with rendered HTML."""

from collections.abc import AsyncIterator, Iterator

from sse_starlette import ServerSentEvent

from bot.sandbox.workspace.changes import Subscription
from bot.sandbox.workspace.model import Message
from bot.sandbox.workspace.records import Change
from bot.sandbox.workspace.workspace import Workspace

from .inspector import Inspector
from .page_renderer import PageRenderer
from .scene import Scene

RETRY_MILLISECONDS = 700


async def events(
    feed: Subscription, workspace: Workspace, person_id: str, hello: str
) -> AsyncIterator[ServerSentEvent]:
    """Yield `hello`, then the events for this person's window until the browser disconnects or the workspace closes."""
    yield ServerSentEvent(event="hello", data=hello, retry=RETRY_MILLISECONDS)
    async with feed:
        async for change in feed:
            person = workspace.people.get(person_id)
            if person is not None:
                for event in Translator(Scene(workspace, person)).events(change):
                    yield event


class Translator:
    """Renders changes as events for one person.

    Deliveries and calls are rendered for the inspector, whomever they concern. Other changes are rendered only if they
    concern this person.
    """

    def __init__(self, scene: Scene) -> None:
        self._scene, self._workspace = scene, scene.workspace
        self._drawing = PageRenderer(scene)

    def events(self, change: Change) -> Iterator[ServerSentEvent]:
        if change.kind in ("delivery", "call"):
            yield _event("lab", Inspector(self._scene).row_of(change))
        elif self._workspace.state.concerns(self._scene.person.id, change):
            yield from self._concerning(change)

    def _concerning(self, change: Change) -> Iterator[ServerSentEvent]:
        match change.kind:
            case "message" | "ephemeral" if change.message:
                yield from self._posted(change.message)
            case "message_updated" | "ephemeral_updated" if change.message:
                copies = (self._drawing.message(change.message, prefix=prefix) for prefix in ("m", "t"))
                yield _event("edit", "".join(copies))
            case "message_deleted" | "ephemeral_deleted" if change.message:
                yield _event("gone", " ".join(f"{prefix}-{_id(change.message)}" for prefix in ("m", "t")))
                yield from self._parent(change.message)
            case "view_opened" | "view_updated" | "view_closed":
                yield _event("modal", self._drawing.modal())
            case "home":
                yield _event("home", self._drawing.home())
            case "notice" if change.notice:
                yield _event("toast", self._drawing.toast(change.notice.text, bad=True))
            case "channel":
                yield _event("sidebar", change.channel_id or "")
            case _:
                yield _event("sidebar", "")

    def _posted(self, message: Message) -> Iterator[ServerSentEvent]:
        in_thread = message.thread_ts not in (None, message.ts)
        if in_thread:
            name = f"thread-{message.channel_id}-{message.thread_ts}"
            yield _event(name, self._drawing.message(message, prefix="t", fresh=True))
            yield from self._parent(message)
        if in_thread and message.is_ephemeral:
            yield _event("toast", self._drawing.template("toast_thread.html", m=message))
        if message.is_in_channel:
            yield _event(f"post-{message.channel_id}", self._drawing.message(message, fresh=True))
            if message.user_id != self._scene.person.id:
                yield _event("unread", message.channel_id)

    def _parent(self, message: Message) -> Iterator[ServerSentEvent]:
        """Yield the line under the thread's first message, with the number of replies, if this message is a reply."""
        parent = message.thread_ts and self._workspace.state.message(message.channel_id, message.thread_ts)
        if parent and parent.ts != message.ts:
            yield _event("edit", self._drawing.replies(parent))


def _id(message: Message) -> str:
    return f"{message.channel_id}-{message.ts.replace('.', '-')}"


def _event(name: str, data: str) -> ServerSentEvent:
    return ServerSentEvent(event=name, data=data)
