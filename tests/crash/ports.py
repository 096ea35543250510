"""In-memory ports of a simulated process: the directory, the messenger, the policy and the Turso client."""

import json
from typing import Any

from bot.commands import CATALOGUE
from bot.core.facts import SlackFacts, SlackQuery
from bot.core.model import Channel, Subject
from bot.core.policy import Policy, load
from bot.core.ports import Address
from bot.core.reply import Reply
from bot.core.requests.incoming import Incoming
from bot.turso import TursoClient
from tests.crash.simulation import Simulation
from tests.policies import WITH_DBA_GROUP

POLICY = (
    WITH_DBA_GROUP
    + """\
channels:
  C0DBOPS:
    databases: ["*"]
    rules:
      - {allow: read}
      - {allow: [create, branch, freeze, thaw, "token --read-only"], confirm: none}
      - {approve: [token, destroy, rewind], by: dba, confirm: none, expires: 30m, countdown: 1h, notify: dba}
      - {approve: [rotate], by: dba, quorum: 2, confirm: none, expires: 30m}
"""
)

ALLOWS = load(POLICY, CATALOGUE, default_organization="acme")
FORBIDS = load(f"{POLICY}ceiling:\n  deny: [{{commands: [destroy]}}]\n", CATALOGUE, default_organization="acme")


class Directory:
    """The directory of people and channels. Looking up a subject or facts may crash the process."""

    def __init__(self, of: Simulation) -> None:
        self._of = of

    async def subject(self, incoming: Incoming, *, usergroups: frozenset[str], fresh: bool = False) -> Subject:
        self._of.crash_point.tick()
        return self._of.subject_now(incoming.user_id)

    async def subject_of(self, user_id: str, channel_id: str, *, usergroups: frozenset[str]) -> Subject:
        self._of.crash_point.tick()
        return self._of.subject_now(user_id)

    async def look_up(self, query: SlackQuery) -> SlackFacts:
        self._of.crash_point.tick()
        people = {one: self._of.subject_now(one) for one in query.people}
        now = self._of.subject_now("")
        groups = {group: now.groups.get(group) for group in query.groups}
        return SlackFacts(
            now.channel,
            query.people - self._of.outside,
            {one: found.person for one, found in people.items()},
            groups,
        )

    async def channel(self, channel_id: str, *, fresh: bool = False) -> Channel:
        return self._of.subject_now("").channel

    async def channels_of(self, user_id: str) -> list[Channel]:
        return [self._of.subject_now("").channel]

    async def is_in(self, user_id: str, channel_id: str, *, fresh: bool = True) -> bool:
        return user_id not in self._of.outside

    async def inside(self, channel_id: str) -> frozenset[str]:
        return frozenset()


class Slack:
    """The messenger. It records the tokens that reveals show, and those in any other message as leaks."""

    def __init__(self, of: Simulation) -> None:
        self._of, self._number = of, 0

    async def answer(self, to: Address, reply: Reply, *, public: bool, replace: bool = False) -> None:
        self._take(reply)

    async def send_ephemeral(self, to: Address, reply: Reply, *, replace: bool = False) -> bool:
        self._take(reply)
        return True

    async def reveal(self, to: Address, reply: Reply) -> bool:
        self._of.crash_point.tick()
        for sent in self._of.sent:
            if sent.secret and sent.secret in json.dumps(reply.blocks):
                self._of.revealed.append((to.user_id, sent.secret))
        self._of.crash_point.tick()
        return True

    async def post(
        self, channel_id: str, reply: Reply, *, thread_ts: str | None = None, broadcast: bool = False
    ) -> str:
        self._take(reply)
        self._number += 1
        return f"{self._of.crashes}.{self._number:06}"

    async def post_once(self, channel_id: str, reply: Reply) -> str:
        return await self.post(channel_id, reply)

    async def update(self, channel_id: str, ts: str, reply: Reply) -> bool:
        self._take(reply)
        return True

    async def direct(self, user_id: str, reply: Reply) -> tuple[str, str] | None:
        self._take(reply)
        return None

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
        self._of.crash_point.tick()
        said = f"{reply.text} {json.dumps(reply.blocks)}"
        self._of.leaks += [sent.secret for sent in self._of.sent if sent.secret and sent.secret in said]
        self._of.crash_point.tick()


class Rules:
    """The current policy, which a test may change at any time."""

    problem = None

    def __init__(self, of: Simulation) -> None:
        self._of = of

    @property
    def policy(self) -> Policy:
        return FORBIDS if self._of.is_forbidden else ALLOWS


class Counts:
    """The observer of commands and requests. It counts nothing."""

    def command(self, command: str, outcome: str, seconds: float) -> None: ...
    def request(self, state: str) -> None: ...
    def fault(self, step: str) -> None: ...


class TursoClients:
    """Returns the same client for every organization."""

    def __init__(self, client: TursoClient) -> None:
        self._client = client

    def turso(self, organization: str) -> TursoClient:
        return self._client
