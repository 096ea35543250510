"""The measured systems, and how each is started."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from bench import signing
from bench.processes import LOAD_CORE, SERVER_CORE, Server, free_port, running

POLICY = """\
version: 1
organizations:
  bench: {token: env:TURSO_API_TOKEN}
workspace: T0BENCH
people:
  dba: {users: [U0DBA]}
channels:
  C0BENCH:
    organization: bench
    databases: ["*"]
    rules:
      - {allow: read}
      - {allow: [protect, digest]}
      - {approve: [destroy, rotate, token, create, freeze, thaw], by: dba, confirm: none}
"""


KEEPS = ("--timeout-keep-alive", "600")
"""Options of the stubs, so that a paused system's connections stay open while another system is measured."""


def uvicorn(factory: str, port: int) -> list[str]:
    """Return the command that serves an ASGI app with the bot's options: uvloop, httptools, no access log."""
    options = ["--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning"]
    return ["-m", "uvicorn", "--factory", factory, "--port", str(port), *options]


def gunicorn(target: str, port: int) -> list[str]:
    """Return the command that serves a WSGI app with one worker of eight threads."""
    options = ["-w", "1", "-k", "gthread", "--threads", "8", "--timeout", "0", "--log-level", "warning"]
    return ["-m", "gunicorn", *options, "-b", f"127.0.0.1:{port}", target]


@dataclass
class Stubs:
    """The running stub of Slack and Turso, and a client that controls it."""

    port: int
    _http: httpx.AsyncClient = field(default_factory=lambda: httpx.AsyncClient(timeout=30, trust_env=False))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def set(self, **wanted: Any) -> dict[str, Any]:
        """Set `delay` or `databases`, or with `forget`, reset the counters first. Return the counters and messages."""
        answer = await self._http.post(f"{self.url}/_control", content=json.dumps(wanted))
        return dict(answer.json())


@dataclass
class Fleet:
    """The servers of a run. Those from `start` are paused, except inside `awake`. Those from `fresh` aren't."""

    stubs: Stubs
    folder: Path
    stack: AsyncExitStack
    servers: dict[str, Server] = field(default_factory=dict)
    postgresql: str = ""
    """The `DATABASE_URL` that the two bots of budget 18 share."""

    def hello(self) -> bytes:
        """Return a signed command that every system answers."""
        return signing.request(signing.command("help", respond_to=self.stubs.url))

    async def start(self, name: str) -> Server:
        """Start a system by its name, and pause it. Return it unchanged if it was started before."""
        if name not in self.servers:
            self.servers[name] = await self.stack.enter_async_context(self.fresh(name))
            self.servers[name].rest()
        return self.servers[name]

    @asynccontextmanager
    async def fresh(self, name: str) -> AsyncIterator[Server]:
        """Run a system in a new process inside the `with` block."""
        port = free_port()
        env = {"SLACK_API_URL": f"{self.stubs.url}/api/"}
        match name:
            case "A":
                command = uvicorn("bench.baselines.floor:make", port)
            case "B":
                command = uvicorn("bench.baselines.bare:make", port)
            case "B, ack first":
                command = uvicorn("bench.baselines.bare:make_before_response", port)
            case "B, two messages":
                command = uvicorn("bench.baselines.bare:make_messages", port)
            case "D":
                command = gunicorn("bench.baselines.usual:make()", port)
            case "bot":
                command, env = ["-m", "bot", "serve"], self.bot_env(port, "bench.db")
            case "bot, no delivery" | "bot, two messages":
                factory = "make_quiet" if name == "bot, no delivery" else "make_messages"
                command, env = uvicorn(f"bench.subjects:{factory}", port), self.bot_env(port, f"{factory}.db")
            case "bot, first of two" | "bot, second of two":
                command = uvicorn("bench.subjects:make_quiet", port)
                env = self.bot_env(port, "") | {"DATABASE_URL": self.postgresql}
            case "bot, to be killed" | "bot, approving":
                database = "killed.db" if name == "bot, to be killed" else "approving.db"
                command, env = ["-m", "bot", "serve"], self.bot_env(port, database)
            case _:
                raise ValueError(name)
        core = LOAD_CORE if name == "bot, second of two" else SERVER_CORE
        async with running(name, command, port, self.hello(), env=env, core=core) as server:
            try:
                yield server
            finally:
                server.wake()  # a paused process doesn't get the signal to stop

    def bot_env(self, port: int, database: str) -> dict[str, str]:
        """Write the policy file. Return the settings of a bot that uses the stubs and a store in the run's folder."""
        policy = self.folder / "policy.yaml"
        policy.write_text(POLICY, encoding="utf-8")
        return {
            "SLACK_BOT_TOKEN": "xoxb-bench",
            "SLACK_SIGNING_SECRET": signing.SECRET,
            "SLACK_API_URL": f"{self.stubs.url}/api/",
            "TURSO_API_TOKEN": "bench-platform-token",
            "TURSO_ORGANIZATION": "bench",
            "TURSO_API_BASEURL": self.stubs.url,
            "DATABASE_URL": f"sqlite:///{self.folder / database}",
            "POLICY_FILE": str(policy),
            "HOST": "127.0.0.1",
            "PORT": str(port),
            "LOG_LEVEL": "INFO",
        }

    @contextlib.contextmanager
    def awake(self, name: str) -> Any:
        """Resume one system inside the `with` block. All others stay paused."""
        server = self.servers[name]
        server.wake()
        try:
            yield server
        finally:
            server.rest()


@asynccontextmanager
async def fleet(folder: Path) -> AsyncIterator[Fleet]:
    """Start the stubs on the core of the load, and yield a fleet without servers."""
    port = free_port()
    hello = b"POST /_control HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}"
    async with (
        running("stubs", [*uvicorn("bench.stubs:make", port), *KEEPS], port, hello, core=LOAD_CORE),
        AsyncExitStack() as stack,
    ):
        team = Fleet(Stubs(port), folder, stack)
        yield team
        await asyncio.sleep(0)
