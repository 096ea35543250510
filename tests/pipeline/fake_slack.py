"""A fake Slack with one channel, which records who got which message, and the bot's real delivery and store."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

from bot.commands import CATALOGUE, COMMANDS
from bot.core.model import Channel, Person, Subject
from bot.core.parsing.grammar import Grammar
from bot.core.policy import load
from bot.core.records.timers import TimerKind
from bot.core.requests.incoming import Incoming
from bot.errors import Unavailable
from bot.pipeline.environment import Environment
from bot.pipeline.timers.due import fire
from bot.slack.outgoing.channel_pacing import ChannelPacing
from bot.slack.outgoing.delivery import Delivery
from bot.slack.outgoing.response_urls import ResponseUrls
from bot.slack.outgoing.web_api import SlackCalls, SlackTrouble
from bot.store.store import SqlStore, open_store
from bot.turso import DatabaseNotFound, TursoUnavailable
from tests.policies import ACME
from tests.store.conftest import NOON, StoppedClock
from tests.stores import copy_store

POLICY = (
    ACME
    + """\
channels:
  C0DBOPS:
    databases: ["*"]
    rules: [{approve: [freeze, token, rotate, destroy], by: user:U0BEN}]
  C0SHARED: {externally_shared: true, databases: ["*"], rules: [{allow: read}]}
"""
)
MEMBERS = frozenset({"U0ANA", "U0BEN", "U0CAT", "U0DAN", "U0EVE"})
EVERYBODY = "everybody"
OF_OUTCOMES = frozenset({TimerKind.NOTIFY, TimerKind.THAW, TimerKind.INCIDENT_END})
_BETWEEN_ROUNDS = timedelta(hours=2)


@dataclass
class ReceivedMessage:
    """One message, and the person who got it, or `EVERYBODY` for a message in the channel."""

    who: str
    text: str
    method: str
    thread_ts: str | None = None
    is_broadcast: bool = False


@dataclass
class SmallSlack:
    """The fake Slack: the messages that people got, and its faults.

    `refuses` maps methods to a permanent error. Direct messages don't get it. `troubles` maps methods to temporary
    errors, one for each of the next calls.
    """

    channel: Channel = field(default_factory=lambda: Channel("C0DBOPS"))
    received: list[ReceivedMessage] = field(default_factory=list)
    changed: list[tuple[str, str]] = field(default_factory=list)
    refuses: dict[str, str] = field(default_factory=dict)
    troubles: dict[str, list[str]] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    """The timestamps of messages that were deleted."""
    no_threads: str = ""
    """The error with which Slack refuses replies in threads. Empty if it accepts them."""
    dead: set[str] = field(default_factory=set)
    """The user IDs of people to whom direct messages fail."""
    ts: int = 0

    async def call(self, method: str, arguments: Mapping[str, Any] | None = None) -> dict[str, Any]:
        given = dict(arguments or {})
        if waiting := self.troubles.get(method):
            raise SlackTrouble(method, waiting.pop(0))
        to_person = str(given.get("channel", "")).startswith("U")
        if method in self.refuses and not to_person:
            raise SlackTrouble(method, self.refuses[method])
        if given.get("channel") in self.dead:
            raise SlackTrouble(method, "user_disabled")
        if given.get("thread_ts") and self.no_threads:
            raise SlackTrouble(method, self.no_threads)
        return self._do(method, given, to_person)

    def _do(self, method: str, given: dict[str, Any], to_person: bool) -> dict[str, Any]:
        self.ts += 1
        text, thread_ts = str(given.get("text", "")), given.get("thread_ts")
        if method == "chat.update":
            if given["ts"] in self.gone:
                raise SlackTrouble(method, "message_not_found")
            self.changed.append((given["ts"], text))
        elif method == "chat.postMessage":
            who = given["channel"] if to_person else EVERYBODY
            self.received.append(ReceivedMessage(who, text, method, thread_ts, bool(given.get("reply_broadcast"))))
        elif method == "chat.postEphemeral":
            if given["user"] not in MEMBERS:
                raise SlackTrouble(method, "user_not_in_channel")
            self.received.append(ReceivedMessage(given["user"], text, method))
        elif method == "files.getUploadURLExternal":
            return {"upload_url": "https://files.example/u", "file_id": "F1"}
        elif method == "files.completeUploadExternal":
            self.received.append(ReceivedMessage(EVERYBODY, "a file", method, thread_ts))
        return {"ok": True, "ts": f"5.{self.ts:06}", "permalink": "https://acme.slack.com/p1"}

    async def respond(self, url: str, message: Mapping[str, Any]) -> None:
        raise SlackTrouble("response_url", "expired_url")

    async def upload(self, url: str, content: bytes) -> None:
        """Ignore the upload."""


@dataclass
class SmallDirectory:
    """A directory in which `MEMBERS` are in every channel. It takes the facts about a channel from the fake Slack."""

    slack: SmallSlack
    silent: int = 0
    """How many of the next lookups of the channel fail."""
    knows_groups: bool = True

    async def channel(self, channel_id: str, *, fresh: bool = False) -> Channel:
        if self.silent:
            self.silent -= 1
            raise Unavailable("Slack didn't say.")
        return replace(self.slack.channel, id=channel_id)

    async def subject(self, incoming: Incoming, *, usergroups: frozenset[str], fresh: bool = False) -> Subject:
        return await self.subject_of(incoming.user_id, incoming.channel_id, usergroups=usergroups)

    async def subject_of(self, user_id: str, channel_id: str, *, usergroups: frozenset[str]) -> Subject:
        groups = dict.fromkeys(usergroups, frozenset({"U0CAT"}) if self.knows_groups else None)
        return Subject(Person(user_id, "T0ACME"), Channel(channel_id), groups)

    async def channels_of(self, user_id: str) -> list[Channel]:
        return [Channel("C0DBOPS")]

    async def is_in(self, user_id: str, channel_id: str, *, fresh: bool = True) -> bool:
        return user_id in MEMBERS

    async def inside(self, channel_id: str) -> frozenset[str]:
        return frozenset(MEMBERS)


@dataclass
class Rules:
    """A policy that never changes."""

    policy: Any
    problem: str | None = None


class EmptyTurso:
    """A Turso in which no database is found, and which doesn't respond if all are listed or their usage is read."""

    def turso(self, organization: str) -> "EmptyTurso":
        return self

    async def database(self, name: str) -> Any:
        raise DatabaseNotFound(name)

    async def listed(self) -> Any:
        raise TursoUnavailable("Turso doesn't respond.")

    organization_usage = listed


@dataclass
class Quiet:
    """An observer that records only faults."""

    faults: list[str] = field(default_factory=list)

    def command(self, command: str, outcome: str, seconds: float) -> None:
        """Count nothing."""

    def request(self, state: str) -> None:
        """Count nothing."""

    def fault(self, step: str) -> None:
        self.faults.append(step)


@dataclass
class Notifier:
    """The bot's delivery of outcomes, with the fake Slack and a real store."""

    slack: SmallSlack
    directory: SmallDirectory
    clock: StoppedClock
    store: SqlStore
    env: Environment

    def message_counts(self, *people: str) -> dict[str, int]:
        """Return how many messages each of these people got. A message in the channel counts for each."""
        public = sum(one.who == EVERYBODY for one in self.slack.received)
        return {who: public + sum(one.who == who for one in self.slack.received) for who in people}

    async def run_timers(self) -> None:
        """Let time pass until no timer of an outcome is due. Failed timers are tried again, as durable work does."""
        for _ in range(60):
            self.clock.pass_(_BETWEEN_ROUNDS)
            timers = [one for one in await self.store.timers.due(self.clock.now()) if one.kind in OF_OUTCOMES]
            if not timers:
                return
            for timer in timers:
                try:
                    await self.store.timers.replace(timer, await fire(self.env, timer))
                except Unavailable:
                    continue
        raise AssertionError("timers are still due")


@asynccontextmanager
async def notifier(folder: Path) -> AsyncIterator[Notifier]:
    """Yield a `Notifier` with a new store in a folder."""
    url = copy_store(folder / "x.db")
    clock, slack = StoppedClock(), SmallSlack()
    clock.time = NOON
    directory = SmallDirectory(slack)
    messenger = Delivery(cast(SlackCalls, slack), ResponseUrls("https://slack.com/api/"), pace=ChannelPacing(0.0))
    async with open_store(url, clock) as store:
        env = Environment(
            clock=clock,
            store=store,
            directory=cast(Any, directory),
            messenger=messenger,
            rules=Rules(load(POLICY, CATALOGUE)),
            turso_clients=cast(Any, EmptyTurso()),
            observer=Quiet(),
            commands=COMMANDS,
            grammar=Grammar(COMMANDS),
            health=cast(Any, None),
        )
        yield Notifier(slack, directory, clock, store, env)
