"""The server's limits, on real sockets: unfinished, slow or idle connections don't keep others from being answered."""

import asyncio
import resource
import socket
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import psutil
import pytest

from bot.slack.incoming import _connection_limits as limits
from bot.slack.incoming.http import http_server
from bot.slack.incoming.request_guard import Receive, Scope, Send
from tests.world import until

LARGE = 8_000_000
"""The size in bytes of a response that no socket buffer can hold."""


async def answers(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer each request after its body has arrived. `/early` is answered before that, `/large` with a large body."""
    if scope["type"] == "lifespan":
        for kind in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{kind}.complete"})
        return
    while scope["path"] != "/early" and (await receive()).get("more_body"):
        pass
    body = b"a" * LARGE if scope["path"] == "/large" else b"done"
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture
async def server() -> AsyncIterator[Any]:
    server = http_server(answers, "127.0.0.1", 0, graceful_seconds=1)
    running = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield server
    server.should_exit = True
    await running


@pytest.fixture
def port(server: Any) -> int:
    return int(server.servers[0].sockets[0].getsockname()[1])


def test_an_idle_connection_stays_open_for_longer_than_a_load_balancer_reuses_it(server: Any) -> None:
    """A request sent while the connection closes would be lost. Load balancers reuse connections for up to a minute."""
    assert server.config.timeout_keep_alive > 60


async def send_request(port: int, *, head: bytes = b"", body: bytes = b"", pause: float = 0) -> bytes:
    """Send a request, with a pause before its body, and return the first line of the response."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST / HTTP/1.1\r\nhost: x\r\n" + head + b"content-length: %d\r\n\r\n" % len(body))
    await asyncio.sleep(pause)
    writer.write(body)
    answer = await asyncio.wait_for(reader.read(100), 20)
    writer.close()
    return answer.split(b"\r\n")[0]


async def all_are_forgotten(server: Any) -> None:
    """Wait until the server counts no idle or waiting connections."""
    protocol = server.config.http_protocol_class
    await until(lambda: not protocol.idle and not protocol.waiting, what="the server to forget the connections")


async def test_a_large_request_is_answered_even_if_it_comes_in_parts(port: int) -> None:
    assert await send_request(port, head=b"x-a: " + b"a" * 8_000 + b"\r\n", body=b"b" * 200_000) == b"HTTP/1.1 200 OK"
    assert await send_request(port, body=b"b" * 200_000, pause=0.2) == b"HTTP/1.1 200 OK"


@pytest.mark.parametrize("piece", [b"a" * 65_536, b"a: b\r\n" * 10_000], ids=["one header", "many headers"])
async def test_endless_headers_are_refused_before_they_take_much_memory(port: int, piece: bytes) -> None:
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


async def test_each_request_on_a_kept_connection_has_its_own_time_limit(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "REQUEST_SECONDS", 0.6)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(3):
        writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        assert (await reader.readuntil(b"done")).startswith(b"HTTP/1.1 200")
        await asyncio.sleep(0.8)  # the time between two requests doesn't count
    writer.close()


async def test_unfinished_requests_neither_use_up_files_nor_block_others(server: Any, port: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert hard <= limits.AT_MOST or soft > limits.AT_MOST, "the server raises the limit on open files"
    half = []
    for _ in range(limits.AT_MOST + 50):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST / HTTP/1.1\r\nhost: x\r\n")
        half.append((reader, writer))

    assert await send_request(port, body=b"a command") == b"HTTP/1.1 200 OK"

    assert await asyncio.wait_for(half[0][0].read(1), 5) == b"", "the oldest unfinished request was closed"
    for _, writer in half:
        writer.transport.abort()
    await all_are_forgotten(server)


async def idle(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Open a connection, get a response, and return the connection, which stays open."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
    await asyncio.wait_for(reader.readuntil(b"done"), 20)
    return reader, writer


async def test_idle_connections_do_not_block_others(server: Any, port: int) -> None:
    kept = [await idle(port) for _ in range(limits.AT_MOST)]

    for _ in range(5):
        assert await send_request(port, body=b"a command") == b"HTTP/1.1 200 OK"

    assert await asyncio.wait_for(kept[0][0].read(1), 5) == b"", "the connection that was idle longest was closed"
    for _, writer in kept:
        writer.transport.abort()
    await all_are_forgotten(server)


async def test_an_idle_connection_is_closed_before_an_active_one(server: Any, port: int) -> None:
    busy = await idle(port)
    kept = [await idle(port) for _ in range(limits.AT_MOST - 2)]
    busy[1].write(b"GET / HTTP/1.1\r\nhost: x\r\n")
    await until(lambda: len(server.config.http_protocol_class.waiting) == 1, what="half of a request")
    kept += [await idle(port) for _ in range(20)]

    busy[1].write(b"\r\n")
    assert await asyncio.wait_for(busy[0].readuntil(b"done"), 5)
    for _, writer in [busy, *kept]:
        writer.transport.abort()
    await all_are_forgotten(server)


async def test_a_connection_is_closed_if_the_client_does_not_read_the_answer(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "ANSWER_SECONDS", 0.3)
    before = psutil.Process().num_fds()
    unread = []
    for _ in range(5):
        # a plain socket, because asyncio's streams would read the answer
        sock = socket.create_connection(("127.0.0.1", port))
        sock.sendall(b"GET /large HTTP/1.1\r\nhost: x\r\n\r\n" * 3)
        unread.append(sock)
    await until(
        lambda: psutil.Process().num_fds() == before + 2 * len(unread), what="the server to accept the connections"
    )

    await until(lambda: psutil.Process().num_fds() <= before + len(unread), what="the server to close the connections")

    for sock in unread:
        sock.close()


@pytest.mark.parametrize(
    "begun",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"POST / HTTP/1.1\r\nhost: x\r\n", id="half a head"),
        pytest.param(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nabc", id="half a body"),
        pytest.param(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n", id="a whole request"),
        pytest.param(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n" * 3, id="three at once"),
        pytest.param(b"GET /large HTTP/1.1\r\nhost: x\r\n\r\n", id="a large answer"),
        pytest.param(b"nonsense\r\n\r\n", id="no HTTP"),
    ],
)
@pytest.mark.parametrize("ends", ["closes", "resets"])
async def test_a_client_that_disconnects_releases_its_file(server: Any, port: int, begun: bytes, ends: str) -> None:
    before = psutil.Process().num_fds()
    gone = [await asyncio.open_connection("127.0.0.1", port) for _ in range(10)]
    for _, writer in gone:
        writer.write(begun)
    await asyncio.sleep(0.05)
    for _, writer in gone:
        writer.close() if ends == "closes" else writer.transport.abort()

    await until(lambda: psutil.Process().num_fds() <= before, what="every file to be closed")
    protocol = server.config.http_protocol_class
    assert (len(protocol.idle), len(protocol.waiting)) == (0, 0), "the server keeps no record of the connections"
    assert await send_request(port, body=b"a command") == b"HTTP/1.1 200 OK"
    assert await send_request(port, body=b"another") == b"HTTP/1.1 200 OK"


async def test_a_connection_answered_early_becomes_idle_after_the_whole_request(server: Any, port: int) -> None:
    protocol = server.config.http_protocol_class
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST /early HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\n")
    assert await asyncio.wait_for(reader.readuntil(b"done"), 5)
    assert (len(protocol.idle), len(protocol.waiting)) == (0, 1)

    writer.write(b"abc")

    await until(lambda: (len(protocol.idle), len(protocol.waiting)) == (1, 0), what="the connection to be idle")
    writer.close()
