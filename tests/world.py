"""The world that scenarios play in: people in a local Slack, the real bot, a local Turso.

`living()` runs the bot in this process; `Process` runs `python -m bot serve` (or `socket`) as one that can be killed.
"""

import asyncio
import os
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import httpx
from starlette.applications import Starlette

from bot.app.compose import Bot
from bot.app.serving import connected
from bot.core.request import State
from bot.sandbox.clock import SandboxClock
from bot.sandbox.platform.app import create_platform
from bot.sandbox.running import POLICY, Keys, bound, new_workspace, sandbox, served
from bot.sandbox.workspace.app import create_workspace_app
from bot.sandbox.workspace.model import Message, View
from bot.sandbox.workspace.workspace import Workspace

ANA, BEN, DANA, REMY = "U0ANA", "U0BEN", "U0DANA", "U0REMY"
GIL, STELLA, ZED = "U0GIL", "U0STELLA", "U0ZED"
DB_OPS, ORDERS, INCIDENT, GENERAL, SHARED = "C0DBOPS", "C0ORDERS", "C0INCCHK", "C0GENERAL", "C0SHARED"
PATIENCE = 15.0


async def until(look: Callable[[], Any], *, what: str = "it", within: float = PATIENCE) -> Any:
    """Wait until `look` returns something true."""
    loop = asyncio.get_running_loop()
    end = loop.time() + within
    while not (found := look()):
        assert loop.time() < end, f"waited {within:.0f} s in vain for {what}"
        await asyncio.sleep(0.02)
    return found


def words(message: Message | View | None) -> str:
    """Everything that a message or view shows, as one text."""
    if message is None:
        return ""
    top = message.text if isinstance(message, Message) else ""
    return " ".join([top, *_texts(message.blocks)])


def marked_up(message: Message | View | None) -> str:
    """What Slack reads as mark-up: there a mention calls somebody, and a link leads away."""
    if message is None:
        return ""
    top = [message.text] if isinstance(message, Message) else []
    return "\n".join([*top, *_mrkdwn(message.blocks)])


def _mrkdwn(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["text"]] if value.get("type") == "mrkdwn" else []
        return own + [text for one in value.values() for text in _mrkdwn(one)]
    return [text for one in value for text in _mrkdwn(one)] if isinstance(value, list) else []


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        found = [value["text"]] if isinstance(value.get("text"), str) else []
        return found + [text for key, one in value.items() if key != "text" or not found for text in _texts(one)]
    if isinstance(value, list):
        return [text for one in value for text in _texts(one)]
    return [value] if isinstance(value, str) else []


def buttons(message: Message | View | None) -> dict[str, dict[str, Any]]:
    """The buttons of a message or view, by their text."""
    found: dict[str, dict[str, Any]] = {}
    _collect(message.blocks if message else [], found)
    return found


def _collect(value: Any, found: dict[str, dict[str, Any]]) -> None:
    if isinstance(value, dict):
        if value.get("type") == "button":
            found[value["text"]["text"]] = value
        for one in value.values():
            _collect(one, found)
    elif isinstance(value, list):
        for one in value:
            _collect(one, found)


@dataclass
class World:
    """People, channels, and the logs of both stand-ins."""

    workspace: Workspace
    platform: Starlette
    clock: SandboxClock
    url: str
    data: Path
    keys: Keys | None = None
    bot: Bot | None = None
    """The bot, where it lives in this process."""

    def person(self, user_id: str) -> "Someone":
        return Someone(self, user_id)

    @property
    def turso(self) -> Any:
        """The platform's state: `calls`, `faults`, `clock`."""
        return self.platform.state.turso

    def changes(self, method: str, path_end: str = "") -> list[Any]:
        """Calls to the platform that change something, as its own log has them."""
        return [one for one in self.turso.calls.control() if one.method == method and one.path.endswith(path_end)]

    def card(self, channel_id: str = DB_OPS, *, holding: str = "") -> Message | None:
        """The newest channel message that holds some words."""
        posted = [one for one in self.workspace.history(channel_id, None) if not one.only_for]
        return next((one for one in reversed(posted) if holding in words(one)), None)

    def as_now(self, message: Message) -> Message:
        """A channel message as it stands now."""
        found = self.workspace.state.message(message.channel_id, message.ts)
        assert found is not None, "the message is gone"
        return found

    async def shows(self, message: Message, *, button: str = "", holding: str = "") -> Message:
        """Wait until a channel message shows a button, or some words."""

        def now() -> Message | None:
            found = self.as_now(message)
            return found if (not button or button in buttons(found)) and holding in words(found) else None

        return await until(now, what=f"the message with {button or holding!r}")

    async def make(self, *names: str, group: str = "default") -> None:
        """Create databases at the platform, behind the bot's back."""
        assert self.keys is not None
        headers = {"Authorization": f"Bearer {self.keys.turso_token}"}
        async with httpx.AsyncClient(base_url=self.url, headers=headers) as http:
            for name in names:
                answer = await http.post("/v1/organizations/acme/databases", json={"name": name, "group": group})
                assert answer.status_code == 200, answer.text

    async def calm(self) -> None:
        """Wait until the bot has nothing under way."""
        assert self.bot is not None
        under_way = [State.APPROVED, State.EXECUTING]
        loop = asyncio.get_running_loop()
        end = loop.time() + PATIENCE
        while len(self.bot.tasks) or await self.bot.store.requests(states=under_way):
            assert loop.time() < end, "the bot does not come to rest"
            await asyncio.sleep(0.02)

    async def pass_time(self, **delta: float) -> None:
        """Move every clock."""
        by = timedelta(**delta)
        self.clock.move(by)
        self.workspace.move_time(by)
        self.turso.clock.offset += by


@dataclass
class Someone:
    """A person in the workspace: what they type, press and see."""

    world: World
    id: str
    _seen: dict[str, int] = field(default_factory=dict)

    def sees(self, channel_id: str = DB_OPS) -> list[Message]:
        """Everything this person sees in a channel, oldest first."""
        return self.world.workspace.history(channel_id, self.id)

    async def types(self, text: str, channel_id: str = DB_OPS, *, answers: int = 1, holding: str = "") -> Message:
        """Type a line, wait for as many answers that hold some words, and return the last.

        What comes in threads are outcomes of earlier commands; but an incident's answers stand under its timeline.
        """
        before = {one.ts for one in self.sees(channel_id)}
        await self.world.workspace.say(self.id, channel_id, text)

        def new() -> list[Message] | None:
            found = [one for one in self.sees(channel_id) if one.ts not in before and one.user_id != self.id]
            found = [one for one in found if one.thread_ts is None or channel_id == INCIDENT]
            found = [one for one in found if holding in words(one)]
            return found if len(found) >= answers else None

        return (await until(new, what=f"an answer to {text!r} with {holding!r}"))[-1]

    async def presses(self, label: str, message: Message) -> None:
        """Press a button by its text; `message` may have changed since it was looked at."""
        found = buttons(message)
        assert label in found, f"no button {label!r} among {sorted(found)}"
        await self.world.workspace.click(self.id, message=message, action_id=found[label]["action_id"])

    async def presses_and_hears(self, label: str, message: Message) -> Message:
        """Press a button and return the private answer."""
        before = {one.ts for one in self.sees(message.channel_id)}
        await self.presses(label, message)
        return await self.hears(message.channel_id, before)

    async def hears(self, channel_id: str, before: set[str]) -> Message:
        """Wait for something new that only this person sees."""
        return await until(
            lambda: next((m for m in self.sees(channel_id) if m.ts not in before and m.only_for == self.id), None),
            what=f"a private answer to {self.id}",
        )

    async def modal(self, holding: str = "") -> View:
        """The modal on top, once it shows some words."""
        return await until(
            lambda: next((v for v in self.world.workspace.views_of(self.id)[-1:] if holding in words(v)), None),
            what=f"a modal with {holding!r}",
        )

    async def submits(self, values: Mapping[str, Any], view: View | None = None) -> Any:
        """Fill in and submit the modal on top."""
        top = view or await self.modal()
        return await self.world.workspace.submit_view(self.id, top.id, dict(values))


Transport = Literal["http", "socket"]


@asynccontextmanager
async def living(data: Path, *, policy: Path = POLICY, over: Transport = "http") -> AsyncIterator[World]:
    """The whole sandbox in this process, with the bot over signed HTTP or over Socket Mode."""
    async with sandbox(port=0, data=data, policy=policy) as running, AsyncExitStack() as stack:
        workspace = running.workspace
        if over == "socket":
            workspace.events_url = None
            await stack.enter_async_context(connected(running.bot))
            await until(lambda: workspace.sockets.connections, what="the bot's connection")
        yield World(workspace, running.platform, running.clock, running.url, data, running.keys, running.bot)


@asynccontextmanager
async def standing(
    data: Path, *, seed: bool = True, around: Callable[[str, Any], Any] = lambda name, app: app
) -> AsyncIterator[tuple[World, Keys]]:
    """Only the two stand-ins; the bot is a `Process`. `around` may put something before `slack` and `turso`."""
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
    """The bot as a real process between the stand-ins; it can be killed and started again on the same store."""

    world: World
    keys: Keys
    command: str = "serve"
    database_url: str = ""
    policy: Path = POLICY
    extra: Mapping[str, str] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()
    log: Path = field(default_factory=lambda: Path(tempfile.mkstemp(prefix="turso-ops-", suffix=".log")[1]))
    _running: asyncio.subprocess.Process | None = None
    port: int = 0

    @property
    def environment(self) -> dict[str, str]:
        """Everything that the process is told; nothing of this one's environment but the path."""
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
        """Start it, and wait until it is ready; with `receives` Slack's deliveries go to it."""
        self.port = self.port or free_port()
        with self.log.open("ab") as log:
            self._running = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "bot", self.command, *self.arguments,
                env=self.environment, cwd=self.world.data, stdout=log, stderr=log,
            )  # fmt: skip
        if self.command == "serve":
            await self._ready()
            if receives:
                self.world.workspace.events_url = f"http://127.0.0.1:{self.port}/slack/events"

    async def _ready(self) -> None:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}") as http:
            for _ in range(600):
                assert self._running is not None
                assert self._running.returncode is None, self.log.read_text()[-4000:]
                try:
                    if (await http.get("/readyz")).status_code == 200:
                        return
                except httpx.HTTPError:
                    pass
                await asyncio.sleep(0.05)
        raise AssertionError(f"not ready: {self.log.read_text()[-4000:]}")

    async def kill(self) -> None:
        """End it as a power cut would."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> int:
        """Ask it to end. Returns its exit status."""
        return await self._end(signal.SIGTERM)

    async def _end(self, how: signal.Signals) -> int:
        assert self._running is not None
        if self._running.returncode is None:
            self._running.send_signal(how)
        return await self._running.wait()


def free_port() -> int:
    """A port that nobody uses now."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])
