"""What a command is made of. One file is one command, and ends with `command = …`, one of the three kinds below."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, Generic, TypeVar

from pydantic import BaseModel, SecretStr

from bot.core.declaration import Declaration
from bot.core.model import Decision, Risk, Subject
from bot.core.policy import Policy, Scope
from bot.core.ports import ReadStore, Store
from bot.core.records.holds import Hold
from bot.core.records.incidents import Incident
from bot.core.reply import Reply
from bot.core.requests.plan import SETTLES, Plan
from bot.core.requests.proof import Finding
from bot.core.requests.request import State
from bot.core.requests.step_results import PhaseKind
from bot.errors import Refused
from bot.turso import Database, TursoClient, TursoReader
from bot.turso.models import Listing

A = TypeVar("A", bound=BaseModel)
Facts = Mapping[str, Any]
"""Plain JSON that the operation showed, such as a new database's hostname; never a secret."""
FREEZE_ENDED: Final = "over"
"""Among the facts: the freeze that the request has placed is no longer there."""


Health = Callable[[], Awaitable[Sequence[tuple[str, bool, str]]]]
"""The live checks of `doctor`: name, whether it is well, one sentence."""
Names = Callable[[Iterable[str]], Awaitable[Mapping[str, str]]]
"""The display names of people by their ids; who is not known is left out."""
Groups = Callable[[], Awaitable[Mapping[str, frozenset[str] | None]]]
"""The members of every user group that the policy names; None: Slack does not say."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """What would be decided if somebody typed a line somewhere now."""

    decision: Decision | None
    """None: it can't be told now."""
    unknown: str = ""
    """What could not be learned, and so leaves it open."""


Explain = Callable[[Subject, Any, str, str], Awaitable[Explanation]]
"""Explains to somebody what would be decided if a person typed a line that is read in a channel now, both by id."""


@dataclass(frozen=True, slots=True)
class FollowUp:
    """What a button is about: an object of which it closes something, of its holds one, or an incident."""

    database_id: str = ""
    hold: Hold | None = None
    incident_id: str = ""
    over: str = ""
    """What is said when that incident does not run any more."""
    settles: str = ""
    """The incident that has ended and left it open."""

    def bind(self, plan: Plan) -> Plan:
        """Return a plan that is about this, and settles it. Raises Refused: it is about another object or incident."""
        if self.incident_id:
            if plan.arguments.get("incident_id") != self.incident_id:
                raise Refused(self.over)
            return plan
        if plan.target is None or plan.target.id != self.database_id:
            name = plan.target.name if plan.target else "it"
            raise Refused(f"`{name}` is a different database now. The one that this button was for no longer exists.")
        return replace(plan, arguments={**plan.arguments, SETTLES: self.settles}) if self.settles else plan


@dataclass(frozen=True, slots=True)
class Context:
    """What a command may use that changes nothing: the requester, the place, and what it reads from."""

    subject: Subject
    policy: Policy
    scope: Scope
    """The databases of this channel."""
    organization: str
    turso: TursoReader
    store: ReadStore
    now: datetime
    table: Sequence["Command"] = ()
    """Every command, for `help`."""
    reason: str = ""
    ticket: str = ""
    line: str = ""
    """The command line in canonical spelling, for buttons that ask again (pages, Refresh)."""
    sent_at: datetime | None = None
    """When the plan was first handed to Turso, by the machine's clock."""
    health: Health | None = None
    names_of: Names | None = None
    every_group: Groups | None = None
    """Of the whole policy; those of this channel's rules are the subject's."""
    explain: Explain | None = None
    follow_up: FollowUp | None = None
    """What the button that was pressed is about; None: a line that somebody typed."""

    async def visible_databases(self, *, group: str | None = None) -> Listing:
        """List the organization's databases, cut to those of this channel; each can be `read` for the rest."""
        return self.visible(await self.turso.listed(group=group))

    def visible(self, found: Listing) -> Listing:
        """Cut databases to those of this channel; what could not be read may be one of them."""
        if self.scope.covers_all:
            return found
        return Listing((one for one in found if self.scope.covers(one.target)), found.left_out)


@dataclass(frozen=True, slots=True)
class ChangeContext(Context):
    """What the operation of a command may use: it may change Turso and the store, too."""

    turso: TursoClient
    store: Store


@dataclass(frozen=True, kw_only=True)
class Kind(Declaration):
    """What the pipeline asks of every command. Each kind below answers it in its own way, or not at all."""

    drift: Callable[[Context, Plan], Awaitable[str | None]] | None = None
    """Say what has changed since the plan besides its target, such as a database that has joined the group."""
    standing: Callable[[Incident], Facts] | None = None
    """Read how the incident stands that it has started: its card says so, as long as it is there."""

    def message_after(self, state: State, plan: Plan, facts: Facts) -> Reply | None:
        """Return what the command itself says of an end; None: the pipeline's own words do."""
        return None


@dataclass(frozen=True, kw_only=True)
class ReadCommand(Kind, Generic[A]):
    """A command that changes nothing."""

    args: type[A]
    run: Callable[[Context, A], Awaitable[Reply]]
    risk: Risk = Risk.READ
    is_live: bool = False
    """What it shows of a database is drawn again after each change of that database."""


@dataclass(frozen=True, slots=True)
class Probe:
    """A token that shows whether a rotation took effect. It stays in memory, and `repr` does not show it."""

    database: Database
    token: SecretStr = field(repr=False)


@dataclass(frozen=True)
class Phase:
    """A operation, how to see that it happened, and what to say then."""

    act: Callable[[ChangeContext, Plan], Awaitable[Facts | None]]
    read_back: Callable[[Context, Plan], Awaitable[bool]] | None
    """True once Turso itself says so; raises NotOurs. None: the operation leaves nothing to read."""
    message: Callable[[Plan, Facts], Reply]


@dataclass(frozen=True, kw_only=True)
class ChangeCommand(Kind, Generic[A]):
    """A command that changes something. The pipeline asks for approval, executes once, reads back, audits and tells."""

    args: type[A]
    plan: Callable[[Context, A], Awaitable[Plan]]
    """Say what would happen, to which object; read only."""
    act: Callable[[ChangeContext, Plan], Awaitable[Facts | None]]
    read_back: Callable[[Context, Plan], Awaitable[bool]] | None
    message: Callable[[Plan, Facts], Reply]
    finish: Phase | None = None
    """What happens when the plan's quarantine is over."""
    undo: Phase | None = None
    """What lifts the plan's hold."""
    facts_again: Callable[[Context, Plan], Awaitable[Facts]] | None = None
    """Read what `act` returned: for when a crash, or an answer that was lost, took it. None: the message needs none."""
    lifts: bool = False
    """Holds end with it: those that its plan names."""
    probes: Callable[[ChangeContext, Plan], Awaitable[list[tuple[Finding, Probe | None]]]] | None = None
    """Mint tokens by which it is seen afterwards that old ones are refused: for the target first, then for a sibling.
    They never leave memory."""
    changes: bool = field(default=True, init=False)

    def operation(self, kind: PhaseKind) -> "Phase | ChangeCommand[A]":
        """Return what is done in a phase: the change itself (`EXECUTE`), its end, or its undoing."""
        phase = {PhaseKind.EXECUTE: self, PhaseKind.FINISH: self.finish, PhaseKind.UNDO: self.undo}[kind]
        assert phase is not None, "only commands with a quarantine have further phases"
        return phase

    def message_after(self, state: State, plan: Plan, facts: Facts) -> Reply | None:
        """Return the message of the phase that has led to a state."""
        phases = {
            State.SUCCEEDED: self.finish if facts.get("phase") == "finish" else self,
            State.QUARANTINED: self,
            State.RESTORED: self.undo,
        }
        phase = phases.get(state)
        return phase.message(plan, facts) if phase else None


@dataclass(frozen=True, slots=True)
class Secret:
    """A minted token on its way to one person. `repr` does not show it."""

    value: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class SecretCommand(Kind, Generic[A]):
    """A command whose operation gives a secret to its requester: nothing is minted before they press Reveal."""

    args: type[A]
    plan: Callable[[Context, A], Awaitable[Plan]]
    mint: Callable[[ChangeContext, Plan], Awaitable[Secret]]
    message: Callable[[Plan, Secret], Reply]
    """The one message that carries the secret; its `text` does not."""
    changes: bool = field(default=True, init=False)
    reveals: bool = field(default=True, init=False)


Command = ReadCommand[Any] | ChangeCommand[Any] | SecretCommand[Any]
