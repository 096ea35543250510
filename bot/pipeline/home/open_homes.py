"""Home tabs: published when a person opens one or turns a page, and again when something changes."""

import asyncio
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import structlog

from bot.core.reply import View
from bot.core.requests.incoming import Incoming
from bot.errors import BotError
from bot.pipeline.environment import Environment
from bot.pipeline.home.home_tab import view_of

log = structlog.get_logger(__name__)
OPEN_FOR: Final = timedelta(minutes=15)
"""How long a Home tab is updated after its person last opened or used it. Slack doesn't report when they leave it."""
AT_MOST: Final = 20
"""The maximum number of people whose Home tab a process updates: those who opened it or turned a page last."""
LOOKS_EVERY: Final = 2.0
BETWEEN: Final = timedelta(seconds=3)
"""The minimum time between two updates for one person, unless they press a button or open Home again."""


@dataclass(slots=True)
class HomeViewer:
    """A Home tab that a person has opened."""

    since: datetime
    """When the person last opened or used it."""
    state: str
    """The value of the button that turned a page. Empty for the first pages."""
    drawn_at: datetime
    shown: Any = None
    """What was last published, without its time. None if nothing was."""


@dataclass(slots=True)
class OpenHomes:
    """The Home tabs that people have recently opened, through this process."""

    env: Environment
    _people: OrderedDict[str, HomeViewer] = field(default_factory=OrderedDict)
    _woken: asyncio.Event = field(default_factory=asyncio.Event)
    _seq: int = -1

    async def publish(self, incoming: Incoming, state: str = "") -> str:
        """Publish the Home tab of the person who opened it or turned a page."""
        now = self.env.clock.now()
        viewer = HomeViewer(now, state, now)
        self._people.pop(incoming.user_id, None)
        self._people[incoming.user_id] = viewer
        while len(self._people) > AT_MOST:
            self._people.popitem(last=False)
        await self._draw(incoming.user_id, viewer)
        return "home"

    def pressed(self, user_id: str) -> None:
        """Mark a Home tab as outdated after its person has pressed a button on it."""
        if viewer := self._people.get(user_id):
            viewer.since = self.env.clock.now()
            viewer.drawn_at = datetime.min.replace(tzinfo=viewer.since.tzinfo)
            self._woken.set()

    async def redraw_due(self) -> None:
        """Wait a moment, then publish outdated tabs again. After each new audit entry, all tabs may be outdated."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._woken.wait(), LOOKS_EVERY)
        woken = self._woken.is_set()
        self._woken.clear()
        await self._redraw(woken=woken)

    async def _redraw(self, *, woken: bool) -> None:
        now = self.env.clock.now()
        for user_id in [one for one, viewer in self._people.items() if now - viewer.since > OPEN_FOR]:
            del self._people[user_id]
        if not self._people:
            return
        seq, _ = await self.env.store.audit.head()
        if seq == self._seq and not woken:
            return
        waits = False
        for user_id, viewer in list(self._people.items()):
            if now - viewer.drawn_at < BETWEEN or not await self._again(user_id, viewer):
                waits = True
        self._seq = -1 if waits else seq

    async def _again(self, user_id: str, viewer: HomeViewer) -> bool:
        viewer.drawn_at = self.env.clock.now()
        try:
            await self._draw(user_id, viewer)
        except BotError as error:
            log.info("a Home tab was not redrawn", user=user_id, why=str(error))
        except Exception:  # a failure for one person must not stop the updates for others
            log.exception("a Home tab was not redrawn", user=user_id)
        else:
            return True
        return False

    async def _draw(self, user_id: str, viewer: HomeViewer) -> None:
        view = await view_of(self.env, user_id, viewer.state)
        shown = _without_time(view)
        if shown != viewer.shown:
            await self.env.messenger.publish_home(user_id, view)
            viewer.shown = shown


def _without_time(view: View) -> Any:
    return view["blocks"][:-1]
