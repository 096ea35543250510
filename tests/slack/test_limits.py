"""Limits of the server, on real sockets: whoever floods it keeps no signed command from its ack."""

import asyncio
import resource
from collections.abc import AsyncIterator
from contextlib import suppress

import psutil
import pytest

from bot.slack import limits
from bot.slack.guard import Receive, Scope, Send
from bot.slack.http import http_server


async def answers(scope: Scope, receive: Receive, send: Send) -> None:
    """Read a body and answer."""
    if scope["type"] == "lifespan":
        for kind in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{kind}.complete"})
        return
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]})
    await send({"type": "http.response.body", "body": b"done"})


@pytest.fixture
async def port() -> AsyncIterator[int]:
    server = http_server(answers, "127.0.0.1", 0, graceful_seconds=1)
    running = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    await running


async def asked(port: int, *, head: bytes = b"", body: bytes = b"", pause: float = 0) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST / HTTP/1.1\r\nhost: x\r\n" + head + b"content-length: %d\r\n\r\n" % len(body))
    await asyncio.sleep(pause)
    writer.write(body)
    answer = await asyncio.wait_for(reader.read(100), 20)
    writer.close()
    return answer.split(b"\r\n")[0]


async def test_what_is_as_large_as_slack_sends_is_answered_however_it_is_cut(port: int) -> None:
    assert await asked(port, head=b"x-a: " + b"a" * 8_000 + b"\r\n", body=b"b" * 200_000) == b"HTTP/1.1 200 OK"
    assert await asked(port, body=b"b" * 200_000, pause=0.2) == b"HTTP/1.1 200 OK"


@pytest.mark.parametrize("piece", [b"a" * 65_536, b"a: b\r\n" * 10_000], ids=["one header", "many headers"])
async def test_headers_without_end_take_no_memory(port: int, piece: bytes) -> None:
    before, sent = psutil.Process().memory_info().rss, 0
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST / HTTP/1.1\r\nx-a: ")
    with suppress(ConnectionError):
        while sent < 150_000_000:
            writer.write(piece)
            await writer.drain()
            sent += len(piece)
    with suppress(ConnectionError):
        assert (await reader.read(12)) in (b"HTTP/1.1 431", b"HTTP/1.1 400", b"")
    writer.close()

    assert sent < 20_000_000, "the connection was closed"
    assert psutil.Process().memory_info().rss - before < 30_000_000


async def test_a_request_that_takes_too_long_is_ended(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "REQUEST_SECONDS", 0.3)
    for begun in (b"", b"POST / HTT", b"POST / HTTP/1.1\r\ncontent-length: 10\r\n\r\nabc"):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(begun)
        assert (await asyncio.wait_for(reader.read(12), 5)) == b"HTTP/1.1 408"
        writer.close()


async def test_a_kept_connection_has_its_time_for_each_request(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "REQUEST_SECONDS", 0.6)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(4):
        writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        assert (await reader.readuntil(b"done")).startswith(b"HTTP/1.1 200")
        await asyncio.sleep(0.3)
    writer.close()


async def test_half_open_requests_neither_use_up_files_nor_keep_others_out(port: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert hard <= limits.AT_MOST or soft > limits.AT_MOST
    half = []
    for _ in range(limits.AT_MOST + 50):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST / HTTP/1.1\r\nhost: x\r\n")
        half.append((reader, writer))

    assert await asked(port, body=b"a command") == b"HTTP/1.1 200 OK"

    assert await asyncio.wait_for(half[0][0].read(1), 5) == b"", "the one that waited longest had to go"
    for _, writer in half:
        writer.transport.abort()
    await asyncio.sleep(0.1)
