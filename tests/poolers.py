"""Connection poolers for PostgreSQL: PgBouncer if it is installed, and a stand-in that is always available.

The stand-in behaves like a pooler in transaction mode: for each transaction, a client gets the server connection that
was returned last. It logs in without a password and supports neither TLS nor cancelling.
"""

import asyncio
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from sqlalchemy.engine import make_url

from tests.process import free_port

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]
SSL_REQUEST = 80877103
READY = b"Z"
IDLE = b"I"
BEGINS_AN_ANSWER = (b"Q", b"S")
"""The messages Query and Sync. The server answers each with one ReadyForQuery."""
HAS_PGBOUNCER = shutil.which("pgbouncer") is not None


def through(url: str, port: int) -> str:
    """Return the `DATABASE_URL` of the same database through a pooler on a local port."""
    return f"postgresql://postgres@127.0.0.1:{port}/{make_url(url).database}"


@dataclass
class _Standin:
    """A pool of server connections for all clients."""

    path: str
    free: list[tuple[Stream, bytes]] = field(default_factory=list)

    async def client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one client until it disconnects."""
        try:
            start = await _start_message(reader, writer)
            server, greeting = await self._taken(start)
            self.free.append((server, greeting))
            writer.write(greeting)
            while kind := await reader.read(1):
                if kind == b"X":
                    return
                await self._transaction(start, kind, (reader, writer))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _transaction(self, start: bytes, kind: bytes, client: Stream) -> None:
        """Forward messages between a client and one server connection until the transaction has ended."""
        server, greeting = await self._taken(start)
        asked = 0
        while True:
            server[1].write(kind + await _body(client[0]))
            asked += kind in BEGINS_AN_ANSWER
            while asked:
                answer = await server[0].readexactly(1)
                body = await _body(server[0])
                client[1].write(answer + body)
                asked -= answer == READY
                if answer == READY and not asked and body[-1:] == IDLE:
                    self.free.append((server, greeting))
                    return
            kind = await client[0].readexactly(1)

    async def _taken(self, start: bytes) -> tuple[Stream, bytes]:
        """Return the server connection that was returned last, or a new one, with the messages after its login."""
        if self.free:
            return self.free.pop()
        server = await asyncio.open_unix_connection(self.path)
        server[1].write(start)
        greeting = b""
        while not greeting.endswith(READY + b"\x00\x00\x00\x05" + IDLE):
            kind = await server[0].readexactly(1)
            greeting += kind + await _body(server[0])
        return server, greeting


async def _start_message(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    while True:
        message = await _body(reader)
        if int.from_bytes(message[4:8], "big") != SSL_REQUEST:
            return message
        writer.write(b"N")


async def _body(reader: asyncio.StreamReader) -> bytes:
    """Read the rest of a message after its type: its length and its content."""
    length = await reader.readexactly(4)
    return length + await reader.readexactly(int.from_bytes(length, "big") - 4)


@asynccontextmanager
async def standin(url: str) -> AsyncIterator[str]:
    """Run the stand-in in front of a database. Yields the `DATABASE_URL` through it."""
    pool = _Standin(f"{make_url(url).query['host']}/.s.PGSQL.5432")
    async with await asyncio.start_server(pool.client, "127.0.0.1", 0) as server:
        yield through(url, server.sockets[0].getsockname()[1])
        for (_, writer), _ in pool.free:
            writer.close()


@asynccontextmanager
async def pgbouncer(url: str, folder: Path, mode: str) -> AsyncIterator[str]:
    """Run PgBouncer in front of a database. Yields the `DATABASE_URL` through it."""
    port, ini = free_port(), folder / "pgbouncer.ini"
    folder.chmod(0o755)
    ini.write_text(
        f"[databases]\n* = host={make_url(url).query['host']} user=postgres\n"
        f"[pgbouncer]\npool_mode = {mode}\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nauth_type = any\n"
        "unix_socket_dir =\nignore_startup_parameters = extra_float_digits\n"
    )
    with (folder / "pgbouncer.log").open("wb") as log:
        # Run it as the server's user: only that user may open the server's socket.
        user = Path(str(make_url(url).query["host"])).owner()
        process = await asyncio.create_subprocess_exec("pgbouncer", "-u", user, str(ini), stdout=log, stderr=log)
    try:
        await asyncio.to_thread(_until_it_answers, through(url, port))
        yield through(url, port)
    finally:
        process.terminate()
        await process.wait()


def _until_it_answers(url: str) -> None:
    end = time.monotonic() + 20
    while True:
        try:
            with closing(psycopg.connect(url)):
                return
        except psycopg.OperationalError:
            assert time.monotonic() < end, "PgBouncer does not answer"
            time.sleep(0.05)


def transaction_pooler(kind: str, url: str, folder: Path) -> AbstractAsyncContextManager[str]:
    """Run a pooler in transaction mode: `stand-in` or `PgBouncer`."""
    return standin(url) if kind == "stand-in" else pgbouncer(url, folder, "transaction")
