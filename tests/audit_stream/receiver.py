"""A receiver of the audit stream over real HTTP. It verifies signatures. Tests can make it fail."""

import asyncio
import base64
import hashlib
import hmac
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

import pytest
from aiohttp import web

from bot.core.audit_formats import parse_line

KEY = b"a key of the receiver, 32 bytes."
SECRET = "whsec_" + base64.b64encode(KEY).decode()


class Fault(Enum):
    """A fault that affects one batch."""

    NONE = "none"
    REFUSES = "it answers with an error and keeps nothing"
    KEEPS_AND_REFUSES = "it keeps the batch, but answers with an error, so that it comes again"
    DIES = "it ends before it has kept anything"
    KEEPS_AND_DIES = "it keeps the batch, and ends before it answers"
    LIES = "it says that it has received a batch that it has lost"
    DRIPS = "it answers byte by byte and never ends"
    GARBLES = "it keeps the batch, but its answer isn't JSON"


@dataclass
class Receiver:
    """A receiver of the audit stream, with the lines that it kept in the order of arrival."""

    url: str = ""
    faults: list[Fault] = field(default_factory=list)
    """The faults of the next batches, in order. Batches after them have none."""
    lines: list[str] = field(default_factory=list)
    firsts: list[int] = field(default_factory=list)
    """For each batch that was kept: the number of its first entry."""
    forged: int = 0
    """The number of batches with a wrong signature."""
    arrived: int = 0
    """The number of batches that arrived, whether they were kept or not."""
    open: asyncio.Event = field(default_factory=asyncio.Event)
    """Answers wait until this is set."""

    async def receive(self, request: web.Request) -> web.StreamResponse:
        """Receive one batch, and respond as the next fault says."""
        body = await request.read()
        self.arrived += 1
        await self.open.wait()
        if not self._is_signed(request, body):
            self.forged += 1
            return web.Response(status=401)
        fault = self.faults.pop(0) if self.faults else Fault.NONE
        lines = body.decode().split("\n")[:-1]
        if fault in (Fault.NONE, Fault.KEEPS_AND_REFUSES, Fault.KEEPS_AND_DIES, Fault.GARBLES):
            self.firsts.append(parse_line(lines[0]).seq)
            self.lines += lines
        if fault in (Fault.DIES, Fault.KEEPS_AND_DIES):
            assert request.transport is not None
            request.transport.abort()
        if fault in (Fault.REFUSES, Fault.KEEPS_AND_REFUSES):
            return web.Response(status=503, text='{"next": 1}')
        if fault is Fault.DRIPS:
            answer = web.StreamResponse()
            await answer.prepare(request)
            while True:
                await answer.write(b".")
                await asyncio.sleep(0.05)
        if fault is Fault.LIES:
            return web.Response(text="ok")
        if fault is Fault.GARBLES:
            return web.Response(text='{"next": "soon", [')
        return web.json_response({"next": self.wanted})

    @property
    def wanted(self) -> int:
        """Return the number of the first entry that is missing."""
        kept = {parse_line(line).seq for line in self.lines}
        return next(seq for seq in range(1, len(kept) + 2) if seq not in kept)

    def copy(self, path: Path) -> Path:
        """Write the kept lines to a file, and return its path."""
        path.write_text("".join(f"{line}\n" for line in self.lines), encoding="utf-8", newline="\n")
        return path

    def _is_signed(self, request: web.Request, body: bytes) -> bool:
        signed = f"{request.headers['webhook-id']}.{request.headers['webhook-timestamp']}.".encode() + body
        expected = "v1," + base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest()).decode()
        return hmac.compare_digest(expected, request.headers["webhook-signature"])


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """Yield a running receiver that responds at once."""
    found = Receiver()
    found.open.set()
    app = web.Application(client_max_size=10**8)
    app.router.add_post("/audit", found.receive)
    runner = web.AppRunner(app, shutdown_timeout=0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    found.url = f"http://127.0.0.1:{port}/audit"
    try:
        yield found
    finally:
        await runner.cleanup()


async def until(is_true: Callable[[], bool], within: float = 30.0) -> None:
    """Wait until a condition holds."""
    async with asyncio.timeout(within):
        while not is_true():
            await asyncio.sleep(0.01)
