"""Runs two `serve` processes behind a load balancer and a `worker` on one store. Tests kill and replace them."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

import httpx
import psutil

from tests.http import local_client
from tests.process import Process

KINDS = {"serve": ("serve",), "serve without durable work": ("serve", "--no-durable"), "worker": ("worker",)}
PASSED_ON = (b"content-type", b"x-slack-request-timestamp", b"x-slack-signature")
"""The headers that the load balancer passes on."""


class Balancer:
    """An ASGI application that sends each request to one `serve`, and to the other if the connection breaks."""

    def __init__(self) -> None:
        self.ports: list[int] = []
        self.repeated = 0
        """How many requests were sent to another process because the connection broke."""
        self._turns = count()
        self._http = local_client(timeout=30)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        headers = [(name, value) for name, value in scope["headers"] if name in PASSED_ON]
        answer = await self._ask(scope["path"], headers, body)
        kind = answer.headers.get("content-type", "text/plain").encode()
        await send({"type": "http.response.start", "status": answer.status_code, "headers": [(b"content-type", kind)]})
        await send({"type": "http.response.body", "body": answer.content})

    async def _ask(self, path: str, headers: list[tuple[bytes, bytes]], body: bytes) -> httpx.Response:
        turn, ports = next(self._turns), list(self.ports)
        for at in range(len(ports)):
            port = ports[(turn + at) % len(ports)]
            try:
                return await self._http.post(f"http://127.0.0.1:{port}{path}", headers=headers, content=body)
            except httpx.TransportError:
                self.repeated += 1
        return httpx.Response(503)

    async def close(self) -> None:
        await self._http.aclose()


@dataclass
class Fleet:
    """The processes of one installation, one of each kind in `KINDS`."""

    first: Process
    """The settings of all processes. It is never started itself."""
    balancer: Balancer
    running: dict[str, Process] = field(default_factory=dict)
    started: int = 0
    killed: int = 0
    statuses: list[int] = field(default_factory=list)
    """The exit statuses of processes that were asked to end."""

    async def start(self, kinds: Iterable[str] = KINDS) -> None:
        """Start a process of each kind, and send requests to the newest `serve` of each kind."""
        for kind in kinds:
            self.running[kind] = await self._new(kind)
        self._balance()

    async def kill(self, kind: str) -> None:
        """Kill a process and start another one, as a supervisor does."""
        await self.running[kind].kill()
        self.killed += 1
        await self.start([kind])

    async def upgrade(self) -> None:
        """Replace the processes one by one. Each new `serve` is ready before the old one is asked to end."""
        for kind, old in list(self.running.items()):
            await self.start([kind])
            self.statuses.append(await old.stop())

    async def stop(self) -> None:
        for process in self.running.values():
            self.statuses.append(await process.stop())

    def ended(self) -> list[str]:
        """Return the kinds of the processes that have ended by themselves."""
        return [kind for kind, process in self.running.items() if process.has_ended]

    def largest_bytes(self) -> int:
        """Return the memory of the largest process in bytes."""
        return max(int(psutil.Process(one.pid).memory_info().rss) for one in self.running.values())

    async def _new(self, kind: str) -> Process:
        command, *arguments = KINDS[kind]
        process = replace(self.first, command=command, arguments=tuple(arguments), port=0, _running=None)
        await process.start(receives=False)
        self.started += 1
        return process

    def _balance(self) -> None:
        self.balancer.ports = [one.port for one in self.running.values() if one.command == "serve"]
