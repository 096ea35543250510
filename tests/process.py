"""Runs a command of the bot, such as `serve`, with the local Slack and Turso, as a real process that tests can kill."""

import asyncio
import os
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from bot.sandbox.clock import SandboxClock
from bot.sandbox.platform.app import create_platform
from bot.sandbox.running import POLICY, Keys, bound, new_workspace, served
from bot.sandbox.workspace.app import create_workspace_app
from tests.forked import Child, shared_fork_server
from tests.http import local_client
from tests.world import World


@asynccontextmanager
async def local_servers(
    data: Path, *, seed: bool = True, around: Callable[[str, Any], Any] = lambda name, app: app
) -> AsyncIterator[tuple[World, Keys]]:
    """Run only the local Slack and Turso; the bot is a `Process`.

    `around` gets the name (`slack` or `turso`) and the ASGI application of each, and returns the one to serve.
    """
    keys, clock = Keys(), SandboxClock()
    platform = create_platform(data / "platform", api_token=keys.turso_token, seed=seed, admin=True)
    workspace = new_workspace(keys)
    async with AsyncExitStack() as stack:
        slack = stack.enter_context(bound(0))
        turso = stack.enter_context(bound(0))
        workspace.origin = f"http://127.0.0.1:{slack.getsockname()[1]}"
        await stack.enter_async_context(served(around("slack", create_workspace_app(workspace)), slack))
        await stack.enter_async_context(served(around("turso", platform), turso))
        stack.push_async_callback(workspace.close)
        yield World(workspace, platform, clock, f"http://127.0.0.1:{turso.getsockname()[1]}", data, keys), keys


@dataclass
class Process:
    """The bot as a real process between the local Slack and Turso.

    It can be killed and started again on the same store. It is forked from a process that has imported everything,
    unless it is `fresh`: then it is `python -m bot` itself, which takes seconds to start.
    """

    world: World
    keys: Keys
    command: str = "serve"
    database_url: str = ""
    policy: Path = POLICY
    extra: Mapping[str, str] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()
    log: Path = field(default_factory=lambda: Path(tempfile.mkstemp(prefix="turso-ops-", suffix=".log")[1]))
    fresh: bool = False
    port: int = 0
    _running: asyncio.subprocess.Process | Child | None = None

    @property
    def pid(self) -> int:
        """Return the process ID."""
        assert self._running is not None
        return self._running.pid

    @property
    def has_ended(self) -> bool:
        """Return True if the process has ended, for any reason, or wasn't started."""
        return self._running is None or _has_ended(self._running)

    @property
    def environment(self) -> dict[str, str]:
        """Return the whole environment of the process. From the environment of the tests, it has only `PATH`."""
        store = self.database_url or f"sqlite:///{self.world.data / 'turso-ops.db'}"
        return {
            "PATH": os.environ.get("PATH", ""),
            "HOME": str(self.world.data),
            "SLACK_BOT_TOKEN": self.keys.bot_token,
            "SLACK_SIGNING_SECRET": self.keys.signing_secret,
            "SLACK_APP_TOKEN": self.keys.app_token,
            "SLACK_API_URL": self.world.workspace.api_url,
            "TURSO_API_TOKEN": self.keys.turso_token,
            "TURSO_ORGANIZATION": "acme",
            "TURSO_API_BASEURL": self.world.url,
            "DATABASE_URL": store,
            "POLICY_FILE": str(self.policy),
            "PORT": str(self.port),
            "LOG_LEVEL": "DEBUG",
            **self.extra,
        }

    async def start(self, *, receives: bool = True) -> None:
        """Start the process. Wait until a `serve` is ready, and with `receives`, let the local Slack deliver to it."""
        self.port = self.port or free_port()
        self._running = await (self._exec if self.fresh else self._fork)(self.command, *self.arguments)
        if self.command == "serve":
            await self._ready()
            if receives:
                self.world.workspace.events_url = f"http://127.0.0.1:{self.port}/slack/events"

    async def _exec(self, *arguments: str) -> asyncio.subprocess.Process:
        with self.log.open("ab") as log:
            return await asyncio.create_subprocess_exec(
                sys.executable, "-m", "bot", *arguments,
                env=self.environment, cwd=self.world.data, stdout=log, stderr=log,
            )  # fmt: skip

    async def _fork(self, *arguments: str) -> Child:
        fork = partial(
            shared_fork_server().fork, *arguments, environment=self.environment, cwd=self.world.data, out=self.log
        )
        return await asyncio.to_thread(fork)

    async def _ready(self) -> None:
        async with local_client(base_url=f"http://127.0.0.1:{self.port}") as http:
            for _ in range(600):
                assert self._running is not None
                assert not _has_ended(self._running), self.log.read_text()[-4000:]
                try:
                    if (await http.get("/readyz")).status_code == 200:
                        return
                except httpx.HTTPError:
                    pass
                await asyncio.sleep(0.05)
        raise AssertionError(f"not ready: {self.log.read_text()[-4000:]}")

    async def kill(self) -> None:
        """Send SIGKILL, which ends the process without letting it clean up."""
        await self._end(signal.SIGKILL)

    async def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Ask the process to end, and return its exit status."""
        return await self._end(how)

    async def ended(self) -> int:
        """Wait until the process ends by itself, and return its exit status."""
        assert self._running is not None
        return await (self._running.ended() if isinstance(self._running, Child) else self._running.wait())

    async def _end(self, how: signal.Signals) -> int:
        assert self._running is not None
        if not _has_ended(self._running):
            self._running.send_signal(how)
        return await self.ended()


def _has_ended(process: asyncio.subprocess.Process | Child) -> bool:
    status = process.poll() if isinstance(process, Child) else process.returncode
    return status is not None


def free_port() -> int:
    """Return a port that is free now."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])
