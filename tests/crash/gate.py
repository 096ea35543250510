"""The gate: a checkpoint that every call and every commit of the bot passes, and at which a test can stop it."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Killed(Exception):
    """Raised when the process that waits at the gate has been killed, so that its call isn't handled."""


@dataclass
class Gate:
    """Records each call to Slack or Turso and each commit, before and after its effect, in order.

    It begins with `arm` and ends with `open` or `drop`.
    """

    path: Path
    """The socket on which the bot's processes report commits."""
    passed: list[str] = field(default_factory=list)
    """What was recorded."""
    held: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once the bot is stopped."""
    held_at: str = ""
    """The call or commit at which the bot is stopped."""
    _fits: Callable[[int, str], bool] | None = None
    _released: asyncio.Event = field(default_factory=asyncio.Event)
    _dropped: bool = False
    _counts: bool = False

    def arm(self, fits: Callable[[int, str], bool] | None) -> None:
        """Start recording, and stop the bot at the first call or commit for which `fits` returns True.

        Args:
            fits: gets the event's number and its description, such as `before turso POST /v1/…`. With None, nothing is
                stopped.
        """
        self.passed, self._fits, self.held_at = [], fits, ""
        self.held, self._released, self._dropped = asyncio.Event(), asyncio.Event(), False
        self._counts = True

    def open(self) -> None:
        """Let the stopped call or commit continue, and stop recording."""
        self._fits, self._counts = None, False
        self._released.set()

    def drop(self) -> None:
        """Discard the stopped call or commit, because its process was killed, and stop recording."""
        self._fits, self._counts, self._dropped = None, False, True
        self._released.set()

    async def reach(self, what: str) -> None:
        """Record an event, and wait here if the bot is to stop at it.

        Raises:
            Killed: the process was killed while it waited.
        """
        if not self._counts:
            return
        number = len(self.passed)
        self.passed.append(what)
        if self._fits is None or self.held.is_set() or not self._fits(number, what):
            return
        self.held_at = what
        released = self._released
        self.held.set()
        await released.wait()
        if self._dropped:
            raise Killed

    def around(self, name: str, app: ASGIApp) -> ASGIApp:
        """Wrap a local server, so that calls to it pass the gate. A dropped call gets the status 500."""

        async def gated(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                await app(scope, receive, send)
                return
            what = f"{name} {scope['method']} {scope['path']}"
            answer: list[Message] = []

            async def keep(message: Message) -> None:
                answer.append(message)

            with contextlib.suppress(Killed):
                await self.reach(f"before {what}")
                await app(scope, receive, keep)
                await self.reach(f"after {what}")
                for message in answer:
                    await send(message)
                return
            await send({"type": "http.response.start", "status": 500, "headers": []})
            await send({"type": "http.response.body", "body": b""})

        return gated

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Listen on the socket. The bot's processes report each commit, before and after it, and wait for an answer."""
        talks: set[asyncio.Task[Any]] = set()

        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            talks.add(task)
            task.add_done_callback(talks.discard)
            with contextlib.suppress(Killed, ConnectionError):
                while line := await reader.readline():
                    said = json.loads(line)
                    await self.reach(f"{said['when']} commit of {', '.join(said['tables'])}")
                    writer.write(b"go\n")
                    await writer.drain()
            writer.close()

        server = await asyncio.start_unix_server(talk, str(self.path))
        try:
            yield
        finally:
            server.close()
            for task in list(talks):
                task.cancel()
            await asyncio.gather(*talks, return_exceptions=True)
