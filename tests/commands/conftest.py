"""Runs commands without Slack: the real Turso client on an in-memory `acme`, a real store and a policy."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import stamina

from bot.commands import CATALOGUE, COMMANDS
from bot.commands.base import ChangeCommand, ChangeContext, Facts, Phase, ReadCommand, Secret, SecretCommand
from bot.core.model import Channel, Person, Subject
from bot.core.parsing.argument_schema import action_options
from bot.core.parsing.grammar import Grammar
from bot.core.parsing.parse_results import Parsed
from bot.core.policy import load
from bot.core.reply import Reply
from bot.core.requests.plan import Plan
from bot.store.store import SqlStore, open_store
from bot.turso import TursoClient
from tests.blocks.messages import check
from tests.policies import WITH_NAMED_DBA
from tests.stores import copy_store
from tests.turso.organization import TOKEN, Organization

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
POLICY = (
    WITH_NAMED_DBA
    + """\
channels:
  C0DBOPS:
    organization: acme
    databases: ["*"]
    rules:
      - {allow: [read, incident, digest, alert]}
      - {approve: [token, create, freeze, thaw, protect, restore], by: dba}
      - {approve: [rotate, destroy], by: dba, quorum: 1}
  C0ORDERS:
    organization: acme
    databases: ["orders-*"]
    rules: [{allow: read}, {approve: token, by: dba}]
"""
)


class Clock:
    def now(self) -> datetime:
        return NOW


class Acme(Organization):
    """The organization `acme`. Its databases refuse every token (401). `failing` maps parts of paths to statuses."""

    def __init__(self, **more: Any) -> None:
        group = {
            "name": "default",
            "locations": ["aws-us-east-1"],
            "primary": "aws-us-east-1",
            "delete_protection": False,
        }
        super().__init__(groups={"default": group}, **more)
        self.failing: dict[str, int] = {}

    def handle(self, request: httpx.Request) -> httpx.Response:
        for part, status in self.failing.items():
            if part in request.url.path:
                self.requests.append(request)
                return httpx.Response(status, json={"error": "out of order"})
        if request.url.path.endswith("/v2/pipeline"):
            return httpx.Response(401, json={"error": "Unauthorized"})
        return super().handle(request)


@dataclass
class Desk:
    """Runs commands as a person in a channel, and checks each message as `tests.blocks.messages.check` does.

    A message must be within Slack's limits, and text from others must not add markup.
    """

    acme: Acme
    turso: TursoClient
    store: SqlStore
    grammar: Grammar[Any] = field(default_factory=lambda: Grammar(COMMANDS))
    policy: str = POLICY
    groups: Mapping[str, frozenset[str] | None] = field(default_factory=dict)
    now: datetime = NOW

    def context(self, who: str = "U0ANA", channel: str = "C0DBOPS", **more: Any) -> ChangeContext:
        """Return the context with which the pipeline would run a command of this person in this channel."""
        policy = load(self.policy, CATALOGUE, default_organization="acme")
        subject = Subject(Person(who, "T0ACME", name="Ana"), Channel(channel, name="db-ops"), groups=self.groups)
        subject = replace(subject, incident_profile=more.pop("incident_profile", None))
        scope = policy.scope(subject)
        return ChangeContext(
            subject=subject,
            policy=policy,
            scope=scope,
            organization=scope.organization,
            turso=self.turso,
            store=self.store,
            now=self.now,
            table=COMMANDS,
            **more,
        )

    def parse(self, line: str) -> Parsed[Any]:
        parsed = self.grammar.parse(line)
        assert isinstance(parsed, Parsed), parsed
        return parsed

    async def ask(self, line: str, **where: Any) -> Reply:
        """Run a read command, and return its reply."""
        parsed = self.parse(line)
        assert isinstance(parsed.spec, ReadCommand), parsed.spec
        return check(await parsed.spec.run(self.context(**where), parsed.args))

    async def plan(self, line: str, **where: Any) -> Plan:
        """Plan a change command, and fill in the fields that the pipeline would set."""
        parsed = self.parse(line)
        assert not isinstance(parsed.spec, ReadCommand)
        plan = await parsed.spec.plan(self.context(**where), parsed.args)
        options = tuple(sorted(action_options(parsed.args)))
        plan = replace(plan, command=parsed.spec.name, options=options, organization="acme", policy_hash="p")
        assert Plan.from_json(plan.to_json()).to_json() == plan.to_json()
        return Plan.from_json(plan.to_json())

    async def carry_out(self, line: str, phase: str = "", **where: Any) -> Reply:
        """Plan a change, carry it out, read it back, and return the message.

        Args:
            phase: the phase to carry out instead of the first, such as `finish`.
        """
        plan = await self.plan(line, **where)
        command = self.parse(line).spec
        assert isinstance(command, ChangeCommand)
        return await self.act(plan, getattr(command, phase) if phase else command, **where)

    async def act(self, plan: Plan, phase: Phase | ChangeCommand[Any], **where: Any) -> Reply:
        """Carry out a phase of a plan, read it back, and return the message."""
        ctx = self.context(**where)
        facts: Facts = await phase.act(ctx, plan) or {}
        if phase.read_back is not None:
            assert await phase.read_back(ctx, plan), "Turso doesn't show the change"
        return check(phase.message(plan, facts))

    async def reveal(self, line: str, **where: Any) -> tuple[Reply, Secret]:
        """Plan and create a token, and return the message of the reveal and the token."""
        plan = await self.plan(line, **where)
        command = self.parse(line).spec
        assert isinstance(command, SecretCommand)
        secret = await command.mint(self.context(**where), plan)
        return check(command.message(plan, secret)), secret


@pytest.fixture(autouse=True)
def no_waiting() -> Any:
    """Retry without waiting, as often as usual."""
    with stamina.set_testing(True, attempts=100, cap=True):
        yield


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlStore]:
    async with open_store(copy_store(tmp_path / "turso-ops.db"), Clock()) as store:
        yield store


@pytest.fixture
def acme() -> Acme:
    return Acme()


@pytest.fixture
async def desk(acme: Acme, store: SqlStore) -> AsyncIterator[Desk]:
    async with httpx.AsyncClient(
        transport=httpx.MockTransport(acme.handle),
        base_url="https://api.turso.tech",
        headers={"Authorization": f"Bearer {TOKEN}"},
    ) as http:
        yield Desk(acme, TursoClient(http, http, "acme"), store)
