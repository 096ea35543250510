"""The real path on a real store, between stand-ins in this process, any of which may be where the power goes.

A `Rehearsal` outlives its processes: it keeps the store's file, Turso, the people, the clock and what was told. A
crash is a `Crash` that comes out of any call of a port, before or after its effect; then the process's objects are
dropped, and new ones open the same file. Durable work is a table of jobs in that file and a runner that keeps each
step's result after the step, as DBOS does.
"""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import Connection, text

from bot.commands import COMMANDS
from bot.core.audit import verify_stream
from bot.core.model import Channel, Person, Subject
from bot.core.parsing import Grammar
from bot.core.policy import load
from bot.core.ports import Address
from bot.core.reply import Reply
from bot.core.request import Incoming, Kind
from bot.pipeline.environment import Environment, new_id
from bot.pipeline.executing import Executor
from bot.pipeline.path import Path as EveryEntry
from bot.pipeline.timers import fire
from bot.store.store import Store, open_store
from bot.store.upgrading import upgrade
from bot.turso import TursoClient
from tests.turso.organization import TOKEN, Organization, refuse

POLICY = """
version: 1
organizations:
  acme: {token: env:TURSO_API_TOKEN}
workspace: T0ACME
people:
  dba: {usergroup: S0DBA}
channels:
  C0DBOPS:
    databases: ["*"]
    rules:
      - {allow: read}
      - {allow: [create, freeze, thaw, "token --read-only"], confirm: none}
      - {approve: [token, destroy], by: dba, confirm: none, expires: 30m, countdown: 1h, notify: dba}
      - {approve: [rotate], by: dba, quorum: 2, confirm: none, expires: 30m}
"""
CHANNEL = "C0DBOPS"
CHANGES = ("POST", "PATCH", "DELETE")
ACTING: ContextVar[str] = ContextVar("acting", default="nobody")
"""On whose behalf this task works: a job, a press or a timer."""


class Crash(BaseException):
    """The power goes."""


@dataclass
class Fuse:
    """Burns at each step of a port; when it is through, the power goes."""

    length: int | None = None

    def tick(self) -> None:
        if self.length is None:
            return
        if self.length == 0:
            raise Crash
        self.length -= 1


@dataclass
class Sent:
    """A change that reached Turso."""

    by: str
    method: str
    path: str
    secret: str = ""


class Fused:
    """A store each of whose calls may be the last of the process, before or after its commit."""

    def __init__(self, store: Store, fuse: Fuse) -> None:
        self._store, self._fuse = store, fuse

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)
        if name.startswith("_") or not callable(found) or name == "audit_chain":
            return found

        async def call(*arguments: Any, **named: Any) -> Any:
            self._fuse.tick()
            result = await found(*arguments, **named)
            self._fuse.tick()
            return result

        return call


class Jobs:
    """Enqueues in the store's own transaction."""

    def enqueue(self, connection: Connection, request_id: str, phase: str) -> None:
        connection.execute(
            text("INSERT OR IGNORE INTO jobs (request_id, phase) VALUES (:r, :p)"), {"r": request_id, "p": phase}
        )


@dataclass
class Rehearsal:
    """What is there whether or not a process runs."""

    folder: Path
    people: dict[str, Person] = field(default_factory=dict)
    dba: set[str] = field(default_factory=lambda: {"U0ANA", "U0BEN", "U0REMY"})
    fuse: Fuse = field(default_factory=Fuse)
    turso: Organization = field(default_factory=lambda: Organization(groups={"default": {"name": "default"}}))
    sent: list[Sent] = field(default_factory=list)
    revealed: list[tuple[str, str]] = field(default_factory=list)
    """(user, token) of every reveal that Slack took."""
    leaks: list[str] = field(default_factory=list)
    offset: timedelta = timedelta(0)
    crashes: int = 0
    check: Callable[[Sent], None] = lambda sent: None
    """Is asked at every change, in the moment in which it reaches Turso."""

    def now(self) -> datetime:
        return datetime(2026, 11, 24, 9, tzinfo=UTC) + self.offset

    @property
    def file(self) -> Path:
        return self.folder / "turso-ops.db"

    @property
    def url(self) -> str:
        return f"sqlite:///{self.file}"

    async def prepare(self) -> None:
        await upgrade(self.url)
        with sqlite3.connect(self.file) as connection:
            connection.execute(
                "CREATE TABLE jobs (request_id TEXT, phase TEXT, kept TEXT DEFAULT '[]', ended INT DEFAULT 0,"
                " PRIMARY KEY (request_id, phase))"
            )

    # What Turso is asked.

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.fuse.tick()
        if request.url.path.endswith("/v2/pipeline"):
            return httpx.Response(401)
        path = request.url.path.removeprefix("/v1/organizations/acme")
        sent = Sent(ACTING.get(), request.method, path)
        if request.method in CHANGES:
            self.check(sent)
            self.sent.append(sent)
        answer = self._mint(path, sent) if path.endswith("/auth/tokens") else self.turso.handle(request)
        self.fuse.tick()
        return answer

    def _mint(self, path: str, sent: Sent) -> httpx.Response:
        name = path.split("/")[2]
        if name not in self.turso.databases:
            return refuse(404, "record not found")
        number = len(self.sent)
        sent.secret = f"eyJhbGciOiJFZERTQSJ9.eyJuIjoi{number:06}In0.c2lnbmF0dXJlLW9mLW51bWJlci1{number}"
        return httpx.Response(200, json={"jwt": sent.secret})

    # Who somebody is.

    def subject_now(self, user_id: str) -> Subject:
        person = Person(id=user_id, team_id="T0ACME", name=user_id.lower())
        return Subject(person, Channel(id=CHANNEL), {"S0DBA": frozenset(self.dba)})


class Directory:
    """Says who people are; the answer may be the last thing that this process hears."""

    def __init__(self, of: Rehearsal) -> None:
        self._of = of

    async def subject(self, incoming: Incoming, *, usergroups: frozenset[str], fresh: bool = False) -> Subject:
        self._of.fuse.tick()
        return self._of.subject_now(incoming.user_id)

    async def subject_of(self, user_id: str, channel_id: str, *, usergroups: frozenset[str]) -> Subject:
        self._of.fuse.tick()
        return self._of.subject_now(user_id)

    async def is_in(self, user_id: str, channel_id: str, *, fresh: bool = True) -> bool:
        return True


class Slack:
    """Takes every message, and finds tokens where none may be."""

    def __init__(self, of: Rehearsal) -> None:
        self._of, self._number = of, 0

    async def answer(self, to: Address, reply: Reply, *, public: bool, replace: bool = False) -> None:
        self._take(reply)

    async def whisper(self, to: Address, reply: Reply, *, replace: bool = False) -> None:
        self._take(reply)

    async def reveal(self, to: Address, reply: Reply) -> bool:
        self._of.fuse.tick()
        for sent in self._of.sent:
            if sent.secret and sent.secret in json.dumps(reply.blocks):
                self._of.revealed.append((to.user_id, sent.secret))
        self._of.fuse.tick()
        return True

    async def post(self, channel_id: str, reply: Reply, *, thread_ts: str | None = None) -> str | None:
        self._take(reply)
        self._number += 1
        return f"{self._of.crashes}.{self._number:06}"

    async def update(self, channel_id: str, ts: str, reply: Reply) -> None:
        self._take(reply)

    async def direct(self, user_id: str, reply: Reply) -> None:
        self._take(reply)

    async def permalink(self, channel_id: str, ts: str) -> str | None:
        return f"https://acme.slack.com/archives/{channel_id}/p{ts}"

    async def open_view(self, trigger_id: str, view: Any) -> str | None:
        return None

    async def update_view(self, view_id: str, view: Any) -> None:
        return None

    async def publish_home(self, user_id: str, view: Any) -> None:
        return None

    async def upload(self, *arguments: Any, **named: Any) -> None:
        return None

    def _take(self, reply: Reply) -> None:
        self._of.fuse.tick()
        said = f"{reply.text} {json.dumps(reply.blocks)}"
        self._of.leaks += [sent.secret for sent in self._of.sent if sent.secret and sent.secret in said]
        self._of.fuse.tick()


class Rules:
    policy = load(POLICY, default_organization="acme")
    problem = None


class Counts:
    def command(self, command: str, outcome: str, seconds: float) -> None: ...
    def request(self, state: str) -> None: ...


class Doors:
    def __init__(self, client: TursoClient) -> None:
        self._client = client

    def turso(self, organization: str) -> TursoClient:
        return self._client


@dataclass
class Life:
    """One process, from its start to its crash."""

    of: Rehearsal
    env: Environment
    path: EveryEntry
    store: Store

    async def comes_in(self, incoming: Incoming, *, times: int = 1) -> int:
        """Let something come in, perhaps more than once at the same moment; how many times work followed."""
        works = [await self.path.before_ack(incoming) for _ in range(times)]
        there = [work for work in works if work is not None]
        await self.together(incoming.id, *there)
        return len(there)

    async def together(self, on_behalf_of: str, *works: Any) -> None:
        async def run(work: Any) -> None:
            ACTING.set(f"press {on_behalf_of}")
            await work()

        ended = await asyncio.gather(*(asyncio.create_task(run(work)) for work in works), return_exceptions=True)
        for one in ended:
            if isinstance(one, BaseException):
                raise one

    async def run_jobs(self) -> None:
        """Let durable work go on until there is none."""
        while job := self._next_job():
            await self._run(*job)

    def _next_job(self) -> tuple[str, str, list[Any]] | None:
        with sqlite3.connect(self.of.file) as connection:
            row = connection.execute("SELECT request_id, phase, kept FROM jobs WHERE NOT ended").fetchone()
        return (row[0], row[1], json.loads(row[2])) if row else None

    async def _run(self, request_id: str, phase: str, kept: list[Any]) -> None:
        ACTING.set(f"{request_id}:{phase}")
        work = Executor(self.env)
        steps: list[Callable[[], Any]] = [
            lambda: work.begin(request_id, phase),
            lambda: work.act(request_id, phase),
            lambda: work.see(request_id, phase, kept[1]),
            lambda: work.finish(request_id, phase, kept[2]),
            lambda: work.tell(request_id, phase),
        ]
        for number in range(len(kept), len(steps)):
            kept.append(json.loads(json.dumps(await steps[number]())))
            self.of.fuse.tick()
            ended = number == len(steps) - 1 or kept[0] != "go"
            with sqlite3.connect(self.of.file) as connection:
                connection.execute(
                    "UPDATE jobs SET kept = ?, ended = ? WHERE request_id = ? AND phase = ?",
                    (json.dumps(kept), ended, request_id, phase),
                )
            self.of.fuse.tick()
            if ended:
                return

    async def fire_what_is_due(self) -> None:
        """Let the sweep find what is due, as often as that leads to more."""
        for _ in range(20):
            due = await self.store.due(self.of.now())
            if not due:
                return
            for timer in due:
                ACTING.set(f"timer {timer.kind}:{timer.subject}:{timer.due_at.isoformat()}")
                if await self.store.is_due(timer.kind, timer.subject, timer.due_at):
                    following = await fire(self.env, timer)
                    self.of.fuse.tick()
                    await self.store.turn_timer(timer, following)
                await self.run_jobs()

    async def take_up_what_is_open(self) -> None:
        """What adoption does some seconds after a start."""
        for incoming in await self.store.open_intents(before=self.of.now() + timedelta(days=1)):
            ACTING.set(f"press {incoming.id}")
            await self.path.resume(incoming)
            await self.store.close_intent(incoming.id)


@asynccontextmanager
async def life(of: Rehearsal) -> AsyncIterator[Life]:
    """Start a process on what is there."""
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(
            httpx.AsyncClient(
                transport=httpx.MockTransport(of.handle),
                base_url="https://api.turso.tech",
                headers={"Authorization": f"Bearer {TOKEN}"},
            )
        )
        store = await stack.enter_async_context(open_store(of.url, of, enqueuer=Jobs()))
        memory: Any = Fused(store, of.fuse)

        async def health() -> list[tuple[str, bool, str]]:
            return []

        env = Environment(
            clock=of,
            memory=memory,
            directory=Directory(of),
            messenger=Slack(of),
            rules=Rules(),
            doors=Doors(TursoClient(client, client, "acme")),
            observer=Counts(),
            commands=COMMANDS,
            grammar=Grammar(COMMANDS),
            health=health,
        )
        yield Life(of, env, EveryEntry(env), store)


def command(of: Rehearsal, user_id: str, line: str, key: str) -> Incoming:
    return Incoming(
        id=new_id("i"), key=key, kind=Kind.COMMAND, at=of.now(), user_id=user_id, channel_id=CHANNEL,
        user_team_id="T0ACME", text=line,
    )  # fmt: skip


def press(of: Rehearsal, user_id: str, action_id: str, request_id: str, key: str) -> Incoming:
    return Incoming(
        id=new_id("i"), key=key, kind=Kind.ACTION, at=of.now(), user_id=user_id, channel_id=CHANNEL,
        user_team_id="T0ACME", action_id=action_id, value=request_id, message_ts="1.1",
    )  # fmt: skip


async def chain_fault(store: Store) -> str:
    return (await verify_stream(store.audit_chain(), None)).fault or ""
