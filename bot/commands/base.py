"""The three kinds of command, and what they may use. A command's file ends with `command = …`, which is of one kind."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Generic, TypeVar

from pydantic import BaseModel, SecretStr

from bot.commands.follow_up import FollowUp
from bot.core.declaration import Declaration
from bot.core.model import Decision, Person, Risk, Subject
from bot.core.policy import Policy, Scope
from bot.core.ports import ReadStore, Store
from bot.core.records.branches import Branch
from bot.core.reply import Attachment, Reply
from bot.core.requests.plan import Plan
from bot.core.requests.proof import Finding
from bot.core.requests.request import Request, State
from bot.core.requests.step_results import PhaseKind
from bot.turso import Database, TursoClient, TursoReader
from bot.turso.models import Listing

A = TypeVar("A", bound=BaseModel)
Facts = Mapping[str, Any]
"""What an operation returned, as plain JSON, such as a new database's hostname. Never a secret."""
FREEZE_ENDED: Final = "over"
"""Key in the facts: True if the freeze that the request placed has ended."""


Health = Callable[[], Awaitable[Sequence[tuple[str, bool, str]]]]
"""Runs the checks of `doctor`. Returns (name, passed, what was found) for each."""
Names = Callable[[Iterable[str]], Awaitable[Mapping[str, str]]]
"""Returns people's display names by ID. Unknown people are left out."""
Groups = Callable[[], Awaitable[Mapping[str, frozenset[str] | None]]]
"""Returns the members of every user group and on-call schedule in the policy. None for one that is unknown now.

Raises Unavailable.
"""


@dataclass(frozen=True, slots=True)
class Explanation:
    """What the policy would decide about a command line that a person types in a channel."""

    decision: Decision | None
    """None if it can't be decided now, or may not be shown."""
    unknown: str = ""
    """Why there is no decision, such as what Slack didn't return. Empty if there is one."""


Explain = Callable[[Subject, Any, str, str], Awaitable[Explanation]]
"""Explains a decision.

Arguments: the person who asks, the parsed line, and the IDs of the person and the channel that it is about.
"""


@dataclass(frozen=True, slots=True)
class Context:
    """What a read command, and everything but the operation of a change, may use. Turso and the store are read-only."""

    subject: Subject
    policy: Policy
    scope: Scope
    """The databases that the subject may see here, or for which they may run this command."""
    organization: str
    turso: TursoReader
    store: ReadStore
    now: datetime
    table: Sequence["Command"] = ()
    """All commands, such as for `help`."""
    sent_at: datetime | None = None
    """When the change was first marked as sent, by the machine's clock. None if it wasn't."""
    health: Health | None = None
    names_of: Names | None = None
    person_of: Callable[[str], Awaitable[Person]] | None = None
    """Returns a person by ID. Raises Unavailable."""
    every_group: Groups | None = None
    """Returns the groups of the whole policy. `subject` has those of this channel's rules."""
    explain: Explain | None = None
    counted: Callable[[Request], Awaitable[Request]] | None = None
    """Returns a waiting request with the votes that count now and the current quorum."""
    follow_up: FollowUp | None = None
    """What the plan must be about. None for a typed line, and for a button that only runs a line."""

    async def visible_databases(self, *, group: str | None = None) -> Listing:
        """Return the organization's databases in `scope`. Call `read` on one for its other fields."""
        return self.visible(await self.turso.listed(group=group))

    def visible(self, found: Listing) -> Listing:
        """Return the databases in `scope`.

        The count of unreadable entries is kept, because their databases may be in the scope.
        """
        if self.scope.covers_all:
            return found
        return Listing((one for one, target in found.with_targets() if self.scope.covers(target)), found.left_out)


@dataclass(frozen=True, slots=True)
class ChangeContext(Context):
    """What the operation of a change may use. Unlike `Context`, it can change Turso and the store."""

    turso: TursoClient
    store: Store


@dataclass(frozen=True, kw_only=True)
class Kind(Declaration):
    """Base of the three kinds of command: what the pipeline needs from every command."""

    drift: Callable[[Context, Plan], Awaitable[str | None]] | None = None
    """Returns what else has changed since the plan, such as a database that joined the group. None if nothing has."""
    standing: Callable[[ReadStore, Request], Awaitable[Facts]] | None = None
    """Returns the current state of what a request created, such as an incident that has ended.

    Its card shows these facts.
    """
    report: Callable[[Context, Request], Awaitable[Attachment]] | None = None
    """Returns the report of a change, a file that is shared in the channel after the change or its undo was verified.

    It isn't shared for a private request. None if the command has no report.
    """

    def message_after(self, state: State, plan: Plan, facts: Facts) -> Reply | None:
        """Return the command's own message for a state. None if the pipeline's message is used."""
        return None


@dataclass(frozen=True, kw_only=True)
class ReadCommand(Kind, Generic[A]):
    """A command that changes nothing."""

    args: type[A]
    run: Callable[[Context, A], Awaitable[Reply]]
    risk: Risk = Risk.READ
    is_live: bool = False
    """True if its message about a database, if posted in a channel, is updated after each change by Turso Ops."""


@dataclass(frozen=True, slots=True)
class Probe:
    """A probe token, which shows whether a rotation took effect. It is kept only in memory, and `repr` hides it."""

    database: Database
    token: SecretStr = field(repr=False)


@dataclass(frozen=True)
class Phase:
    """One operation, how to verify it, and its message."""

    act: Callable[[ChangeContext, Plan], Awaitable[Facts | None]]
    read_back: Callable[[Context, Plan], Awaitable[bool]] | None
    """Returns True once Turso or the store shows the change. None if there is nothing to read back.

    Raises NotOurs if this request didn't make what it finds, and OwnerUnknown if another request may have made it.
    """
    message: Callable[[Plan, Facts], Reply]


Probes = Callable[[ChangeContext, Plan], Awaitable[list[tuple[Finding, Probe | None]]]]
"""Mints a probe token for the target and, if others may be affected, one for another database. The target is first.

They are used to verify a rotation afterwards, and are never stored. None replaces a token that couldn't be minted or
didn't work. The finding beside it says why.
"""


@dataclass(frozen=True)
class NextStep:
    """The step that follows in the same phase once the change was seen. If it fails, that doesn't undo the change."""

    act: Callable[[ChangeContext, Plan, Facts], Awaitable[Facts]]
    """Gets the facts that the change returned. Returns more facts."""
    changes: bool
    """True if it changes something, so that it is sent at most once. Otherwise it runs again after a crash."""
    probes: Probes | None = None


NEXT_STEP: Final = "next_step"
"""Key in the facts: how the next step ended, as a `NextStepResult`."""
NEXT_STEP_WHY: Final = "next_step_why"
"""Key in the facts: why the next step wasn't done, or why its result isn't known."""


class NextStepResult(StrEnum):
    """How the next step of a change ended, as far as it is known."""

    DONE = "done"
    NOT_DONE = "not_done"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class ChangeCommand(Kind, Generic[A]):
    """A command that changes something.

    The pipeline requests approval if a rule says so, sends the change at most once, reads it back, audits and notifies.
    """

    args: type[A]
    plan: Callable[[Context, A], Awaitable[Plan]]
    """Returns what would happen, and to which database. Only reads."""
    act: Callable[[ChangeContext, Plan], Awaitable[Facts | None]]
    read_back: Callable[[Context, Plan], Awaitable[bool]] | None
    message: Callable[[Plan, Facts], Reply]
    finish: Phase | None = None
    """What happens when the quarantine's countdown ends. None for a command whose quarantines have no countdown."""
    undo: Phase | None = None
    """The phase that ends the quarantine and removes its blocks. None for a command without a quarantine."""
    facts_again: Callable[[Context, Plan], Awaitable[Facts]] | None = None
    """Reads the facts of `act` again if there are none, such as after a crash. None if `message` does without them."""
    branch: Callable[[Request, Facts, str, datetime], Branch] | None = None
    """Returns the record of the branch that it created or kept, from the request, the facts, the new record's ID and
    the time. None if there is no such branch."""
    lifts: bool = False
    """True if it ends the holds that its plan names."""
    probes: Probes | None = None
    """Mints the probe tokens of a change that revokes tokens."""
    next_step: NextStep | None = None
    changes: bool = field(default=True, init=False)

    @property
    def revokes(self) -> bool:
        """Return True if it revokes tokens, and tries to prove that with probe tokens."""
        return self.probes is not None or (self.next_step is not None and self.next_step.probes is not None)

    def operation(self, kind: PhaseKind) -> "Phase | ChangeCommand[A]":
        """Return the operation of a phase: the change itself, the end of its countdown, or its undo."""
        phase = {PhaseKind.EXECUTE: self, PhaseKind.FINISH: self.finish, PhaseKind.UNDO: self.undo}[kind]
        assert phase is not None, "only commands with a quarantine have further phases"
        return phase

    def message_after(self, state: State, plan: Plan, facts: Facts) -> Reply | None:
        """Return the message of the phase that led to a state. None for other states."""
        phases = {
            State.SUCCEEDED: self.finish if facts.get("phase") == "finish" else self,
            State.QUARANTINED: self,
            State.RESTORED: self.undo,
        }
        phase = phases.get(state)
        return phase.message(plan, facts) if phase else None


@dataclass(frozen=True, slots=True)
class Secret:
    """A minted token that is about to be shown to one person. `repr` hides it."""

    value: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class SecretCommand(Kind, Generic[A]):
    """A command that returns a secret to its requester.

    It is minted when they press Reveal, or at once when they run or confirm a command that needs no approval.
    """

    args: type[A]
    plan: Callable[[Context, A], Awaitable[Plan]]
    mint: Callable[[ChangeContext, Plan], Awaitable[Secret]]
    message: Callable[[Plan, Secret], Reply]
    """Returns the message with the secret. Its `text` doesn't contain it."""
    changes: bool = field(default=True, init=False)
    reveals: bool = field(default=True, init=False)


Command = ReadCommand[Any] | ChangeCommand[Any] | SecretCommand[Any]
