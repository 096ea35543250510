"""The load: as many requests as possible, or a fixed rate, over persistent connections."""

import asyncio
import gc
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass
class Sample:
    """The results of a load: the latency of each response in seconds, and the statuses."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)
    bodies: list[bytes] = field(default_factory=list)

    @property
    def count(self) -> int:
        return len(self.latencies)

    def note(self, status: int, latency: float) -> None:
        self.latencies.append(latency)
        self.statuses[status] = self.statuses.get(status, 0) + 1

    def percentile(self, share: float) -> float:
        """Return the latency at a quantile."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)]


class Connection(asyncio.Protocol):
    """A persistent connection with one request at a time. It reads as little of the response as possible."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[int] | None = None
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        if self._answer and not self._answer.done():
            self._answer.set_result(0)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._answer and not self._answer.done() and is_complete(self._buffer):
            self._answer.set_result(int(self._buffer[9:12]))

    async def ask(self, request: bytes) -> int:
        """Send a request, and return the status, or 0 if the connection broke."""
        if self.transport is None:
            return 0
        self._buffer, self._answer = b"", asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return await self._answer


def is_complete(buffer: bytes) -> bool:
    """Return whether these bytes are one complete response."""
    head, separator, rest = buffer.partition(b"\r\n\r\n")
    if not separator:
        return False
    head = head.lower()
    if b"transfer-encoding: chunked" in head:
        return rest.endswith(b"0\r\n\r\n")
    _, found, after = head.partition(b"content-length:")
    return not found or len(rest) >= int(after.split(b"\r\n", 1)[0])


class Pool:
    """Connections to one port, opened as they are needed."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._free: list[Connection] = []

    async def ask(self, request: bytes) -> int:
        """Send a request over a free connection and return the status."""
        while self._free and self._free[-1].transport is None:
            self._free.pop()
        connection = self._free.pop() if self._free else await self._open()
        status = await connection.ask(request)
        if connection.transport is not None:
            self._free.append(connection)
        return status

    async def _open(self) -> Connection:
        loop = asyncio.get_running_loop()
        return (await loop.create_connection(Connection, "127.0.0.1", self._port))[1]

    def close(self) -> None:
        for connection in self._free:
            if connection.transport:
                connection.transport.abort()
        self._free.clear()


async def saturate(port: int, requests: Iterator[bytes], *, count: int, width: int = 16) -> Sample:
    """Send `count` requests, `width` at a time, as fast as they are answered."""
    sample, pool, left = Sample(), Pool(port), iter(range(count))
    prepared = [next(requests) for _ in range(count)]

    async def one_lane() -> None:
        for index in left:
            began = time.perf_counter()
            sample.note(await pool.ask(prepared[index]), time.perf_counter() - began)

    with _no_pauses():
        began = time.perf_counter()
        await asyncio.gather(*(one_lane() for _ in range(width)))
        sample.seconds = time.perf_counter() - began
    pool.close()
    return sample


async def pace(port: int, requests: Iterator[bytes], *, rate: float, seconds: float) -> Sample:
    """Send `rate` requests a second, without waiting for earlier responses."""
    sample, pool, loop = Sample(), Pool(port), asyncio.get_running_loop()
    running: set[asyncio.Task[None]] = set()

    async def one(request: bytes) -> None:
        began = time.perf_counter()
        sample.note(await pool.ask(request), time.perf_counter() - began)

    await asyncio.gather(*(pool.ask(next(requests)) for _ in range(4)))  # opens the connections before the measurement
    with _no_pauses():
        start = loop.time()
        for number in range(int(rate * seconds)):
            await asyncio.sleep(max(0.0, start + number / rate - loop.time()))
            task = loop.create_task(one(next(requests)))
            running.add(task)
            task.add_done_callback(running.discard)
        await asyncio.gather(*running)
        sample.seconds = loop.time() - start
    pool.close()
    return sample


class _no_pauses:  # noqa: N801 - lowercase, because it is used like a function: `with _no_pauses():`
    """Disable garbage collection inside the context."""

    def __enter__(self) -> None:
        gc.collect()
        gc.disable()

    def __exit__(self, *_: object) -> None:
        gc.enable()
