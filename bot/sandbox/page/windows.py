"""The feeds of changes for the browser windows that show the workspace, one for each window."""

import secrets
import time
from dataclasses import dataclass

from bot.sandbox.workspace.changes import Subscription
from bot.sandbox.workspace.workspace import Workspace

_WAITING_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class _Waiting:
    person_id: str
    feed: Subscription
    since: float


class Windows:
    """Starts each window's feed of changes before its page is rendered, so that no change is lost."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._waiting: dict[str, _Waiting] = {}

    def open(self, person_id: str) -> str:
        """Start a feed for a page that is about to be rendered, and return its name."""
        self._forget_the_unclaimed()
        name = secrets.token_urlsafe(12)
        self._waiting[name] = _Waiting(person_id, self._workspace.subscribe(None), time.monotonic())
        return name

    def claim(self, name: str, person_id: str) -> tuple[Subscription, bool]:
        """Return the feed with this name, and True.

        If there is none for this person, return a new feed and False, so that the page fetches its content again.
        """
        waiting = self._waiting.pop(name, None)
        if waiting is not None and waiting.person_id == person_id:
            return waiting.feed, True
        return self._workspace.subscribe(None), False

    def _forget_the_unclaimed(self) -> None:
        now = time.monotonic()
        for name, waiting in list(self._waiting.items()):
            if now - waiting.since > _WAITING_SECONDS:
                waiting.feed.close()
                del self._waiting[name]
