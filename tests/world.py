"""The sandbox for tests: people in a local Slack, the real bot and a local Turso.

`running_sandbox()` runs the bot in this process; `tests/process.py` runs it in a process that a test can kill.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, TypeVar

import httpx
from starlette.applications import Starlette

from bot.app.compose import Bot
from bot.app.policy_book import PolicyBook
from bot.app.serving import connected
from bot.sandbox.clock import SandboxClock
from bot.sandbox.oncall.roster import Roster
from bot.sandbox.running import POLICY, Keys, sandbox
from bot.sandbox.workspace.model import Message, View
from bot.sandbox.workspace.workspace import Workspace
from tests.http import local_client
from tests.stores import copy_store

ANA, BEN, DANA, REMY = "U0ANA", "U0BEN", "U0DANA", "U0REMY"
GIL, STELLA, ZED = "U0GIL", "U0STELLA", "U0ZED"
DB_OPS, ORDERS, INCIDENT, GENERAL, SHARED = "C0DBOPS", "C0ORDERS", "C0INCCHK", "C0GENERAL", "C0SHARED"
PATIENCE = 30.0
"""The most seconds to wait for something. With five test workers on two cores, a process may get no CPU for a while."""

T = TypeVar("T")


async def until(look: Callable[[], T | None], *, what: str = "it", within: float = PATIENCE) -> T:
    """Poll until `look` returns something true, and return it."""
    loop = asyncio.get_running_loop()
    end, pause = loop.time() + within, 0.02
    while not (found := look()):
        assert loop.time() < end, f"waited {within:.0f} s for {what}, which didn't come"
        await asyncio.sleep(pause)
        pause = min(pause * 1.25, 0.1)  # polling often would slow down a busy machine even more
    return found


def set_policy(world: "World", text: str) -> None:
    """Replace the policy file, and let the bot load it at once."""
    assert world.bot is not None
    (world.data / "policy.yaml").write_text(text)
    book = world.bot.env.rules
    assert isinstance(book, PolicyBook)
    book.reload()
    assert book.problem is None


def words(message: Message | View | None) -> str:
    """Return every string in a message or view: the text that it shows, and also IDs and the types of its elements."""
    if message is None:
        return ""
    found = [message.text if isinstance(message, Message) else ""]
    _add_texts(message.blocks, found)
    return " ".join(found)


def marked_up(message: Message | View | None) -> str:
    """Return all mrkdwn text of a message or view.

    In such text, Slack turns mentions into notifications and makes links clickable.
    """
    if message is None:
        return ""
    top = [message.text] if isinstance(message, Message) else []
    return "\n".join([*top, *_mrkdwn(message.blocks)])


def _mrkdwn(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["text"]] if value.get("type") == "mrkdwn" else []
        return own + [text for one in value.values() for text in _mrkdwn(one)]
    return [text for one in value for text in _mrkdwn(one)] if isinstance(value, list) else []


def _add_texts(value: Any, found: list[str]) -> None:
    """Append every string of a block to `found`, each block's `text` first.

    It appends to one list, which is fast, because tests call it very often.
    """
    if isinstance(value, str):
        found.append(value)
    elif isinstance(value, list):
        for one in value:
            _add_texts(one, found)
    elif isinstance(value, dict):
        if has_own := isinstance(value.get("text"), str):
            found.append(value["text"])
        for key, one in value.items():
            if key != "text" or not has_own:
                _add_texts(one, found)


def buttons(message: Message | View | None) -> dict[str, dict[str, Any]]:
    """Return the buttons of a message or view by label."""
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
    """A running sandbox: the local Slack with its people and channels, the local Turso, and the bot."""

    workspace: Workspace
    platform: Starlette
    clock: SandboxClock
    url: str
    data: Path
    keys: Keys | None = None
    bot: Bot | None = None
    """The bot. None if it runs in another process."""
    roster: Roster = field(default_factory=Roster)
    """Who is on call."""

    def person(self, user_id: str) -> "Someone":
        return Someone(self, user_id)

    @property
    def turso(self) -> Any:
        """Return the state of the local Turso: `calls`, `faults`, `clock`."""
        return self.platform.state.turso

    def changes(self, method: str, path_end: str = "") -> list[Any]:
        """Return the Platform API calls with this method whose path ends with `path_end`, in order."""
        return [one for one in self.turso.calls.control() if one.method == method and one.path.endswith(path_end)]

    def card(self, channel_id: str = DB_OPS, *, holding: str = "") -> Message | None:
        """Return the newest public message of a channel that contains `holding`, or None."""
        posted = [one for one in self.workspace.history(channel_id, None) if not one.only_for]
        return next((one for one in reversed(posted) if holding in words(one)), None)

    def current(self, message: Message) -> Message:
        """Return the current version of a channel message."""
        found = self.workspace.state.message(message.channel_id, message.ts)
        assert found is not None, "the message is gone"
        return found

    async def wait_for_content(self, message: Message, *, button: str = "", holding: str = "") -> Message:
        """Wait until a message contains `holding` and has the button, if one is given. Return its current version."""

        def now() -> Message | None:
            found = self.current(message)
            return found if (not button or button in buttons(found)) and holding in words(found) else None

        return await until(now, what=f"the message with {button or holding!r}")

    async def call_turso(self, method: str, path: str, **call: Any) -> httpx.Response:
        """Call the local Turso directly, without the bot. `path` is relative to the organization."""
        assert self.keys is not None
        headers = {"Authorization": f"Bearer {self.keys.turso_token}"}
        async with local_client(base_url=self.url, headers=headers) as http:
            return await http.request(method, f"/v1/organizations/acme{path}", **call)

    async def create_databases(self, *names: str, group: str = "default") -> None:
        """Create databases in the local Turso directly, without the bot."""
        for name in names:
            answer = await self.call_turso("POST", "/databases", json={"name": name, "group": group})
            assert answer.status_code == 200, answer.text

    async def run_sql(self, name: str, *statements: str) -> None:
        """Run statements on a database, with a token created without the bot."""
        answer = await self.call_turso("POST", f"/databases/{name}/auth/tokens")
        asked = [{"type": "execute", "stmt": {"sql": sql}} for sql in statements]
        headers = {"Authorization": f"Bearer {answer.json()['jwt']}"}
        async with local_client(base_url=self.url, headers=headers) as http:
            found = await http.post(f"/db/{name}/v2/pipeline", json={"requests": [*asked, {"type": "close"}]})
        assert all(one["type"] == "ok" for one in found.json()["results"]), found.text

    async def wait_until_idle(self) -> None:
        """Wait until the bot is idle: no task of its own is running, and no workflow is unfinished except sweeps."""
        assert self.bot is not None
        loop = asyncio.get_running_loop()
        end, pause = loop.time() + PATIENCE, 0.01
        while under_way := len(self.bot.tasks) or await self.bot.health.queue.stuck(for_=timedelta(0)):
            assert loop.time() < end, f"the bot is still working: {under_way}"
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, 0.1)  # each check may be a query

    async def pass_time(self, **delta: float) -> None:
        """Move every clock, and make the bot look for due timers at once instead of within two seconds."""
        by = timedelta(**delta)
        self.clock.move(by)
        self.workspace.move_time(by)
        self.turso.clock.offset += by
        for loop in self.bot.background if self.bot else ():
            if loop.name == "sweep":
                await loop.round()


@dataclass
class Someone:
    """A person in the workspace: what they type, press and see."""

    world: World
    id: str
    _seen: dict[str, int] = field(default_factory=dict)

    def sees(self, channel_id: str = DB_OPS) -> list[Message]:
        """Return everything this person sees in a channel, oldest first."""
        return self.world.workspace.history(channel_id, self.id)

    async def types(self, text: str, channel_id: str = DB_OPS, *, answers: int = 1, holding: str = "") -> Message:
        """Type a line, wait for `answers` replies that contain `holding`, and return the last one.

        Ignores replies in threads, which are outcomes of earlier commands. In an incident's channel, answers are posted
        in the timeline's thread and count.
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
        """Press a button of a message by its label. The message may have changed since the test read it."""
        found = buttons(message)
        assert label in found, f"no button {label!r} among {sorted(found)}"
        await self.world.workspace.click(self.id, message=message, action_id=found[label]["action_id"])

    async def presses_and_reads(self, label: str, message: Message) -> Message:
        """Press a button and return the private answer."""
        before = {one.ts for one in self.sees(message.channel_id)}
        await self.presses(label, message)
        return await self.reads_answer(message.channel_id, before)

    async def reads_answer(self, channel_id: str, before: set[str]) -> Message:
        """Wait for a message that only this person sees and whose `ts` isn't in `before`, and return it."""
        return await until(
            lambda: next((m for m in self.sees(channel_id) if m.ts not in before and m.only_for == self.id), None),
            what=f"a private answer to {self.id}",
        )

    async def modal(self, holding: str = "") -> View:
        """Wait until this person's top modal contains `holding`, and return it."""
        return await until(
            lambda: next((v for v in self.world.workspace.views_of(self.id)[-1:] if holding in words(v)), None),
            what=f"a modal with {holding!r}",
        )

    async def submits(self, values: Mapping[str, Any], view: View | None = None) -> Any:
        """Fill in and submit `view`, or else the top modal."""
        top = view or await self.modal()
        return await self.world.workspace.submit_view(self.id, top.id, dict(values))


Transport = Literal["http", "socket"]


@asynccontextmanager
async def running_sandbox(
    data: Path, *, policy: Path = POLICY, over: Transport = "http", begins: timedelta = timedelta()
) -> AsyncIterator[World]:
    """Run the whole sandbox in this process, with the bot connected over signed HTTP or Socket Mode.

    Args:
        begins: how far the sandbox's clocks are ahead of the machine's at first. Negative if they are behind.
    """
    copy_store(data / "turso-ops.db")
    async with AsyncExitStack() as stack:
        running = await stack.enter_async_context(sandbox(port=0, data=data, policy=policy, begins=begins))
        workspace = running.workspace
        if over == "socket":
            workspace.events_url = None
            await stack.enter_async_context(connected(running.bot))
            await until(lambda: workspace.sockets.connections, what="the bot's connection")
        yield World(
            workspace, running.platform, running.clock, running.url, data, running.keys, running.bot, running.roster
        )
