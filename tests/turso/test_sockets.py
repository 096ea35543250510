"""Calls over real sockets: persistent and broken connections, and whether a change may have happened."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from pydantic import SecretStr

from bot.turso.calls import CallLimits
from bot.turso.client import TursoClient
from bot.turso.errors import NotSent, OutcomeUnknown, TursoUnavailable
from bot.turso.http import connect

Answer = Callable[[str, asyncio.StreamWriter], Awaitable[None]]
TOKEN = SecretStr("a-secret-of-the-platform")


class Server:
    """A minimal HTTP server that counts connections and records request lines. Tests set its answers."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.connections = 0
        self.url = ""
        self.answer: Answer = ok

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while head := (await reader.readuntil(b"\r\n\r\n")).decode():
                self.lines.append(head.split(" HTTP/")[0])
                await self.answer(self.lines[-1], writer)
        writer.close()


async def ok(_: str, writer: asyncio.StreamWriter) -> None:
    body = b'{"databases":[]}'
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n")
    writer.write(b"content-length: %d\r\n\r\n%s" % (len(body), body))
    await writer.drain()


async def break_off(_: str, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()
    await asyncio.sleep(0)


async def say_nothing(_: str, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(30)


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    server = Server()
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    yield server
    listening.close()


@pytest.fixture
async def turso(server: Server) -> AsyncIterator[TursoClient]:
    call_limits = CallLimits(one_read=0.5, one_change=0.5)
    async with connect(server.url + "/v1/", TOKEN, "acme", call_limits=call_limits) as client:
        yield client


CHANGES = {
    "destroy": lambda turso: turso.destroy_database("x"),
    "mint": lambda turso: turso.mint_token("x", expiration="1h", read_only=True),
    "rotate": lambda turso: turso.invalidate_tokens("x"),
    "create": lambda turso: turso.create_database("x"),
    "configure": lambda turso: turso.configure("x", block_writes=True),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("is_kept", [True, False], ids=["a kept connection", "a new connection"])
async def test_a_connection_that_breaks_never_sends_a_change_twice(
    turso: TursoClient, server: Server, change: Any, is_kept: bool
) -> None:
    if is_kept:
        await turso.invalidate_tokens("y")
    server.lines.clear()
    server.answer = break_off

    with pytest.raises(OutcomeUnknown):
        await CHANGES[change](turso)

    server.answer = ok
    await turso.databases()
    assert len(server.lines) == 2, "the change and the read after it"


async def test_a_kept_connection_that_was_closed_meanwhile_is_not_used_for_a_change(
    turso: TursoClient, server: Server
) -> None:
    async def ok_and_close(line: str, writer: Any) -> None:
        await ok(line, writer)
        writer.close()

    server.answer = ok_and_close
    await turso.invalidate_tokens("x")
    await asyncio.sleep(0.05)

    await turso.invalidate_tokens("x")

    assert server.connections == 2
    assert len(server.lines) == 2


async def test_a_change_does_not_use_a_connection_that_was_idle_for_seconds(turso: TursoClient, server: Server) -> None:
    await turso.invalidate_tokens("x")
    await asyncio.sleep(2.5)

    await turso.invalidate_tokens("x")

    assert server.connections == 2


async def test_a_change_without_an_answer_in_time_has_an_unknown_outcome(turso: TursoClient, server: Server) -> None:
    server.answer = say_nothing

    with pytest.raises(OutcomeUnknown, match="in time"):
        await turso.destroy_database("x")

    assert len(server.lines) == 1


async def test_a_change_to_an_unreachable_server_is_reported_as_not_sent() -> None:
    async with connect("http://127.0.0.1:1", TOKEN, "acme") as turso:
        with pytest.raises(NotSent, match="unreachable"):
            await turso.destroy_database("x")
        with pytest.raises(TursoUnavailable, match="is unreachable"):
            await turso.databases()


async def test_a_read_survives_a_broken_connection(turso: TursoClient, server: Server) -> None:
    async def break_once(line: str, writer: Any) -> None:
        server.answer = ok
        await break_off(line, writer)

    server.answer = break_once

    assert await turso.databases() == []


async def test_a_read_that_is_never_answered_is_an_error(turso: TursoClient, server: Server) -> None:
    server.answer = say_nothing

    with pytest.raises(TursoUnavailable):
        await turso.databases()


async def test_all_reads_share_a_connection_and_so_do_all_changes(turso: TursoClient, server: Server) -> None:
    for _ in range(20):
        await turso.databases()
        await turso.invalidate_tokens("x")

    assert server.connections == 2, "one connection for reads, one for changes"


async def test_escaped_characters_in_the_path_of_a_read_are_sent_unchanged(turso: TursoClient, server: Server) -> None:
    await turso.instances("a/../b?c#d%2F")

    assert server.lines[0] == "GET /v1/organizations/acme/databases/a%2F..%2Fb%3Fc%23d%252F/instances"


async def test_the_api_token_is_in_no_log_even_at_debug(
    turso: TursoClient, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("httpx", "httpcore", "httpcore.http11", "httpcore.connection", "aiohttp.client", "asyncio"):
        caplog.set_level(logging.DEBUG, logger=name)

    await turso.databases()
    await turso.invalidate_tokens("x")
    server.answer = break_off
    with pytest.raises(OutcomeUnknown):
        await turso.destroy_database("x")

    assert "httpcore" in {record.name.split(".")[0] for record in caplog.records}
    assert TOKEN.get_secret_value() not in caplog.text + repr([record.__dict__ for record in caplog.records])
