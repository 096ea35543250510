"""The pipeline with in-memory people, Slack, Turso and clock, and with the real store in a SQLite file.

The store is real because the pipeline relies on its transactions.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import httpx

from bot.app.workflow_steps import WorkSteps
from bot.core.ports import Address
from bot.core.records.timers import Timer, TimerKind
from bot.core.reply import Reply
from bot.core.requests.incoming import Incoming
from bot.core.requests.request import Request, State
from bot.core.requests.step_results import BeginResult
from bot.pipeline.approval import votes
from bot.pipeline.environment import Environment
from bot.pipeline.requests import command_lines
from bot.pipeline.timers.due import fire
from tests.crash.ports import Slack
from tests.crash.simulated_process import simulated_process
from tests.crash.simulation import Simulation, command, press

ANA, BEN, DANA, REMY, ZOE = "U0ANA", "U0BEN", "U0DANA", "U0REMY", "U0ZOE"
"""Ana, Ben and Remy are approvers. Dana and Zoe aren't. Dana makes most of the requests."""
CHANGES = ("POST", "PATCH", "DELETE")


class RecordingSlack(Slack):
    """Records what is sent: private texts with their user, texts in channels, and the blocks of updated messages."""

    def __init__(self, of: Simulation) -> None:
        super().__init__(of)
        self.private: list[tuple[str, str]] = []
        self.public: list[str] = []
        self.updated: list[str] = []
        self.takes_reveals = True

    async def send_ephemeral(self, to: Address, reply: Reply, *, replace: bool = False) -> bool:
        self.private.append((to.user_id, reply.text))
        return await super().send_ephemeral(to, reply, replace=replace)

    async def direct(self, user_id: str, reply: Reply) -> tuple[str, str] | None:
        self.private.append((user_id, reply.text))
        return await super().direct(user_id, reply)

    async def post(
        self, channel_id: str, reply: Reply, *, thread_ts: str | None = None, broadcast: bool = False
    ) -> str:
        self.public.append(reply.text)
        return await super().post(channel_id, reply, thread_ts=thread_ts, broadcast=broadcast)

    async def update(self, channel_id: str, ts: str, reply: Reply) -> bool:
        self.updated.append(str(reply.blocks))
        return await super().update(channel_id, ts, reply)

    async def reveal(self, to: Address, reply: Reply) -> bool:
        return self.takes_reveals and await super().reveal(to, reply)


@dataclass
class Pipeline:
    """Runs the pipeline for a test, and reads its results. `of` holds the simulated people, Turso and clock."""

    of: Simulation
    env: Environment
    slack: RecordingSlack
    _keys: Any = field(default_factory=lambda: count(1))

    @property
    def turso(self) -> Any:
        return self.of.turso

    def pass_time(self, **by: float) -> None:
        """Move the clock forward. This fires no timers."""
        self.of.offset += timedelta(**by)

    def press(self, who: str, request: Request, action_id: str = "approval.approve") -> Incoming:
        """Return a press of a button on the card of a request."""
        return press(self.of, who, action_id, request.id, f"k-{next(self._keys)}")

    async def ask(self, line: str, who: str = DANA) -> Request:
        """Open a request with a command line, and return it."""
        incoming = command(self.of, who, line, f"k-{next(self._keys)}")
        await command_lines.ask(self.env, incoming, self.env.grammar.parse(line))
        found = [one for one in await self.env.store.requests.find(states=list(State)) if one.intent_id == incoming.id]
        assert len(found) == 1, f"{line} did not open a request"
        return found[0]

    async def now(self, request: Request) -> Request:
        """Return the stored version of a request."""
        found = await self.env.store.requests.get(request.id)
        assert found is not None
        return found

    async def approved(self, line: str) -> Request:
        """Open a request, give it the one approval that it needs, and return it."""
        request = await self.ask(line)
        await votes.vote(self.env, self.press(ANA, request))
        return await self.now(request)

    async def execute(self, request: Request, phase: str = "execute") -> State:
        """Run every step of a phase, or none if it may not begin. Return the request's state afterwards."""
        work = WorkSteps(self.env)
        if await work.begin(request.id, phase) is BeginResult.GO:
            acted = await work.act(request.id, phase)
            await work.finish(request.id, phase, await work.verify(request.id, phase, acted))
            await work.notify(request.id, phase)
        return (await self.now(request)).state

    async def timer(self, kind: TimerKind, subject: str) -> Timer | None:
        """Return the timer of a kind for a subject, whenever it is due."""
        every = await self.env.store.timers.due(self.of.now() + timedelta(days=400), limit=1000)
        return next((one for one in every if (one.kind, one.subject) == (kind, subject)), None)

    async def fire(self, kind: TimerKind, subject: str) -> Timer | None:
        """Move the clock to a timer, fire it, and return the timer that follows."""
        timer = await self.timer(kind, subject)
        assert timer is not None, f"no timer {kind} of {subject}"
        self.of.offset += max(timedelta(0), timer.due_at - self.of.now())
        following = await fire(self.env, timer)
        await self.env.store.timers.replace(timer, following)
        return following

    async def events(self, request: Request) -> list[str]:
        """Return `event/outcome` of each audit entry of a request, oldest first."""
        page = await self.env.store.audit.page(before_seq=None, limit=100)
        return [f"{one.event}/{one.outcome}" for _, one in reversed(page) if one.request_id == request.id]

    def changes(self) -> list[str]:
        """Return `METHOD path` of each request to Turso that may change something, even if Turso refused it."""
        return [f"{one.method} {one.path}" for one in self.of.sent if one.method in CHANGES]

    def answers_once(self, method: str, path_end: str, answer: httpx.Response | Callable[[], Any]) -> None:
        """Make Turso answer one matching change with `answer`, or with its result if it is a function.

        The change itself isn't made, unless that function makes it.
        """
        real = self.of.turso.handle

        def handle(request: httpx.Request) -> httpx.Response:
            if request.method != method or not request.url.path.endswith(path_end):
                return real(request)
            self.of.turso.handle = real  # type: ignore[method-assign]
            return answer if isinstance(answer, httpx.Response) else answer()

        self.of.turso.handle = handle  # type: ignore[method-assign]


@asynccontextmanager
async def pipeline(folder: Path) -> AsyncIterator[Pipeline]:
    """Yield a `Pipeline` with a new store in a folder. Turso has `orders` and `users`."""
    of = Simulation(folder)
    for name in ("orders", "users"):
        of.turso.add(name)
    await of.prepare()
    slack = RecordingSlack(of)
    async with simulated_process(of) as process:
        yield Pipeline(of, replace(process.env, messenger=slack), slack)
