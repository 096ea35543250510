"""A simulation: the real pipeline on a real SQLite store, with in-memory ports, in which any call may crash.

A `Simulation` outlives its processes: it has the store's file, Turso, the people, the clock and the messages. A port
raises `Crash` before or after the effect of a call. Then the process's objects are discarded, and new ones open the
same file. Durable work is a table of jobs in that file, and a runner that stores the result after each step, as DBOS
does.
"""

import sqlite3
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import Connection, text

from bot.core.audit import Fault, verify_stream
from bot.core.model import Channel, Person, Subject
from bot.core.requests.incoming import Incoming, Kind
from bot.pipeline.environment import new_id
from bot.store.repositories.repository import Repository
from bot.store.store import SqlStore
from tests.stores import copy_store
from tests.turso.organization import Organization, refuse

CHANNEL = "C0DBOPS"
CHANGES = ("POST", "PATCH", "DELETE")
ACTING: ContextVar[str] = ContextVar("acting", default="none")
"""The job, press or timer for which the current task runs."""


class Crash(BaseException):
    """Ends the simulated process at once, as SIGKILL would."""


@dataclass
class CrashPoint:
    """Raises `Crash` after a number of steps of the ports and the store, or never if the number is None."""

    steps_left: int | None = None

    def tick(self) -> None:
        if self.steps_left is None:
            return
        if self.steps_left == 0:
            raise Crash
        self.steps_left -= 1


@dataclass
class Sent:
    """A change that reached Turso."""

    by: str
    """The job, press or timer that sent it. See `ACTING`."""
    method: str
    path: str
    secret: str = ""
    """The token, if the call mints one."""
    read_only: bool = False
    """Whether the call mints a read-only token."""


class CrashingStore:
    """A store that may crash the process at any call, before or after its commit, except when the chain is read."""

    def __init__(self, store: SqlStore | Repository, crash_point: CrashPoint) -> None:
        self._store, self._crash_point = store, crash_point

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)
        if isinstance(found, Repository):
            return CrashingStore(found, self._crash_point)
        if name.startswith("_") or not callable(found) or name == "chain":
            return found

        async def call(*arguments: Any, **named: Any) -> Any:
            self._crash_point.tick()
            result = await found(*arguments, **named)
            self._crash_point.tick()
            return result

        return call


class Jobs:
    """Adds jobs to the table of jobs, in the transaction of the store that causes them."""

    def enqueue(self, connection: Connection, request_id: str, phase: str) -> None:
        connection.execute(
            text("INSERT OR IGNORE INTO jobs (request_id, phase) VALUES (:r, :p)"), {"r": request_id, "p": phase}
        )


@dataclass
class Simulation:
    """Everything that outlives a simulated process."""

    folder: Path
    people: dict[str, Person] = field(default_factory=dict)
    dba: set[str] = field(default_factory=lambda: {"U0ANA", "U0BEN", "U0REMY"})
    outside: set[str] = field(default_factory=set)
    """People who have left the channel."""
    is_shared: bool = False
    """The channel is shared with another company."""
    knows_groups: bool = True
    """Slack returns the members of user groups."""
    is_forbidden: bool = False
    """The policy's ceiling denies every destroy."""
    crash_point: CrashPoint = field(default_factory=CrashPoint)
    turso: Organization = field(default_factory=lambda: Organization(groups={"default": {"name": "default"}}))
    sent: list[Sent] = field(default_factory=list)
    revealed: list[tuple[str, str]] = field(default_factory=list)
    """The user and the token of every reveal that Slack accepted."""
    leaks: list[str] = field(default_factory=list)
    offset: timedelta = timedelta(0)
    crashes: int = 0
    check: Callable[[Sent], None] = lambda sent: None
    """Called with each change when it reaches Turso."""

    def now(self) -> datetime:
        return datetime(2026, 11, 24, 9, tzinfo=UTC) + self.offset

    @property
    def file(self) -> Path:
        return self.folder / "turso-ops.db"

    @property
    def url(self) -> str:
        return f"sqlite:///{self.file}"

    async def prepare(self) -> None:
        copy_store(self.file)
        with sqlite3.connect(self.file) as connection:
            connection.execute(
                "CREATE TABLE jobs (request_id TEXT, phase TEXT, kept TEXT DEFAULT '[]', ended INT DEFAULT 0,"
                " PRIMARY KEY (request_id, phase))"
            )

    # Turso

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.crash_point.tick()
        if request.url.path.endswith("/v2/pipeline"):
            return httpx.Response(401)
        path = request.url.path.removeprefix("/v1/organizations/acme")
        read_only = request.url.params.get("authorization") == "read-only"
        sent = Sent(ACTING.get(), request.method, path, read_only=read_only)
        if request.method in CHANGES:
            self.check(sent)
            self.sent.append(sent)
        answer = self._mint(path, sent) if path.endswith("/auth/tokens") else self.turso.handle(request)
        self.crash_point.tick()
        return answer

    def _mint(self, path: str, sent: Sent) -> httpx.Response:
        name = path.split("/")[2]
        if name not in self.turso.databases:
            return refuse(404, "record not found")
        number = len(self.sent)
        sent.secret = f"eyJhbGciOiJFZERTQSJ9.eyJuIjoi{number:06}In0.c2lnbmF0dXJlLW9mLW51bWJlci1{number}"
        return httpx.Response(200, json={"jwt": sent.secret})

    # The directory

    def subject_now(self, user_id: str) -> Subject:
        members = frozenset(self.dba) if self.knows_groups else None
        person = Person(id=user_id, team_id="T0ACME", name=user_id.lower())
        return Subject(person, Channel(id=CHANNEL, is_ext_shared=self.is_shared), {"S0DBA": members})


def command(of: Simulation, user_id: str, line: str, key: str) -> Incoming:
    return Incoming(
        id=new_id("i"), key=key, kind=Kind.COMMAND, at=of.now(), user_id=user_id, channel_id=CHANNEL,
        user_team_id="T0ACME", text=line,
    )  # fmt: skip


def press(of: Simulation, user_id: str, action_id: str, request_id: str, key: str) -> Incoming:
    return Incoming(
        id=new_id("i"), key=key, kind=Kind.ACTION, at=of.now(), user_id=user_id, channel_id=CHANNEL,
        user_team_id="T0ACME", action_id=action_id, value=request_id, message_ts="1.1",
    )  # fmt: skip


async def chain_fault(store: SqlStore) -> Fault | str:
    """Return the fault of the audit log's hash chain, or an empty string."""
    return (await verify_stream(store.audit.chain(), None)).fault or ""
