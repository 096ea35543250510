"""The gate: everything that a process does to the outside passes here one by one, and may be held."""

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
    """Who made this call is no more: it is not handled any further."""


@dataclass
class Gate:
    """Sees each outgoing call and each commit, before it takes effect and after, in the order in which they come."""

    path: Path
    passed: list[str] = field(default_factory=list)
    held: asyncio.Event = field(default_factory=asyncio.Event)
    held_at: str = ""
    _fits: Callable[[int, str], bool] | None = None
    _released: asyncio.Event = field(default_factory=asyncio.Event)
    _dropped: bool = False

    def arm(self, fits: Callable[[int, str], bool] | None) -> None:
        """Begin to count; hold the first thing that fits by its number and its words. None holds nothing."""
        self.passed, self._fits, self.held_at = [], fits, ""
        self.held, self._released, self._dropped = asyncio.Event(), asyncio.Event(), False
        self._counts = True

    _counts: bool = False

    def open(self) -> None:
        """Let what is held go on, and count no further."""
        self._fits, self._counts = None, False
        self._released.set()

    def drop(self) -> None:
        """The process was killed: what is held never goes on."""
        self._fits, self._counts, self._dropped = None, False, True
        self._released.set()

    async def reach(self, what: str) -> None:
        """Pass, or be held. Raises Killed when whoever asks has been killed meanwhile."""
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
        """Put a stand-in behind the gate."""

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
        """Answer the commits of processes."""
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
