"""The speed of the local platform: inserts and selects of two clients, compared with plain SQLite and minimal HTTP.

The clients and the servers share the cores of this process, which `python -m bench` pins to one core. The minimal HTTP
server, called the floor, is a bare ASGI application in uvicorn. It reads the same requests, and always responds with as
many bytes as the platform does to the select. Rounds are interleaved. The rates are medians.
"""

import asyncio
import http.client
import json
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import libsql

ROOT = Path(__file__).parents[1]
ROUNDS, SECONDS = 5, 0.6
TOKEN = "bench-token"
INSERT, SELECT = "INSERT INTO t(b) VALUES ('a row of some length')", "SELECT b FROM t WHERE a = 7"

_PLATFORM = """
import asyncio, sys
from pathlib import Path
from bot.sandbox.platform.serve import serve_platform
ready = lambda url: print(url, flush=True)
asyncio.run(serve_platform(Path(sys.argv[1]), port=0, api_token=sys.argv[2], ready=ready))
"""
_FLOOR = """
import asyncio, socket, sys, uvicorn
BODY = b"x" * int(sys.argv[1])
async def app(scope, receive, send):
    if scope["type"] == "http":
        while (await receive()).get("more_body"):
            pass
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(BODY)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": BODY})
listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
listening.bind(("127.0.0.1", 0))
listening.listen()
print(f"http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
config = uvicorn.Config(app, log_level="warning", access_log=False, lifespan="off")
asyncio.run(uvicorn.Server(config).serve(sockets=[listening]))
"""


@dataclass(frozen=True)
class Row:
    """An operation, its rate per second, and the ratios of the rate to those of plain SQLite and of minimal HTTP."""

    what: str
    per_second: float
    of_sqlite: float
    of_floor: float


@contextmanager
def process(source: str, *arguments: str) -> Iterator[str]:
    """Run a server in its own process, and yield its URL."""
    command = [sys.executable, "-c", source, *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        try:
            yield running.stdout.readline().strip()
        finally:
            running.terminate()


class Http:
    """A client with one persistent HTTP connection."""

    def __init__(self, url: str, token: str = TOKEN) -> None:
        address = urlsplit(url)
        self._connection = http.client.HTTPConnection(str(address.hostname), address.port)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def post(self, path: str, body: Any) -> bytes:
        self._connection.request("POST", path, json.dumps(body), self._headers)
        return self._connection.getresponse().read()


def pipeline(sql: str) -> dict[str, Any]:
    return {"requests": [{"type": "execute", "stmt": {"sql": sql}}, {"type": "close"}]}


def per_second(act: Callable[[], object]) -> float:
    done, end = 0, time.perf_counter() + SECONDS
    began = time.perf_counter()
    while time.perf_counter() < end:
        act()
        done += 1
    return done / (time.perf_counter() - began)


def rows() -> list[Row]:
    """Measure every operation and the baselines, which takes about half a minute. Return a row for each."""
    with tempfile.TemporaryDirectory(prefix="bench-platform-") as folder:
        plain = sqlite3.connect(Path(folder) / "plain.db", isolation_level=None)
        plain.execute("PRAGMA journal_mode = wal")
        plain.execute("PRAGMA synchronous = full")
        with process(_PLATFORM, f"{folder}/platform", TOKEN) as url:
            http_ = Http(url)
            http_.post("/v1/organizations/acme/databases", {"name": "bench"})
            minted = json.loads(http_.post("/v1/organizations/acme/databases/bench/auth/tokens", {}))["jwt"]
            database = Http(url, minted)
            client = libsql.connect(f"{url}/db/bench/", auth_token=minted, isolation_level=None)
            for run in (plain.execute, client.execute):
                run("CREATE TABLE t(a INTEGER PRIMARY KEY, b)")
                for _ in range(10):
                    run(INSERT)
            size = len(database.post("/db/bench/v2/pipeline", pipeline(SELECT)))
            with process(_FLOOR, str(size)) as floor_url:
                floor = Http(floor_url)
                return [
                    row
                    for sql in (INSERT, SELECT)
                    for row in _compare(
                        sql.split()[0].lower(),
                        {
                            "plain SQLite": lambda sql=sql: plain.execute(sql).fetchall(),  # type: ignore[misc]
                            "floor of HTTP": lambda sql=sql: floor.post("/", pipeline(sql)),  # type: ignore[misc]
                            "one HTTP request": lambda sql=sql: database.post("/db/bench/v2/pipeline", pipeline(sql)),  # type: ignore[misc]
                            "libsql for Python": lambda sql=sql: client.execute(sql).fetchall(),  # type: ignore[misc]
                        },
                    )
                ]


def _compare(kind: str, subjects: dict[str, Callable[[], object]]) -> list[Row]:
    measured: dict[str, list[float]] = {name: [] for name in subjects}
    for _ in range(ROUNDS):
        for name, act in subjects.items():
            measured[name].append(per_second(act))
    figures = {name: statistics.median(found) for name, found in measured.items()}
    sqlite, floor = figures["plain SQLite"], figures["floor of HTTP"]
    return [Row(f"{kind}, {name}", figure, figure / sqlite, figure / floor) for name, figure in figures.items()]


def table(measured: list[Row]) -> str:
    """Return the rows in Markdown."""
    lines = ["| single row | per second | of plain SQLite | of the HTTP floor |", "| --- | ---: | ---: | ---: |"]
    lines += [f"| {row.what} | {row.per_second:,.0f} | {row.of_sqlite:.3f} | {row.of_floor:.2f} |" for row in measured]
    return "\n".join(lines)


async def main() -> None:
    """Measure the local platform and print the table."""
    print("\nThe local platform\n\n" + table(await asyncio.to_thread(rows)))


if __name__ == "__main__":
    asyncio.run(main())
