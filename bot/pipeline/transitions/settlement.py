"""The transition at the end of a phase: the next state, the outcome, holds, timers and the audit entry."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from bot.blocks.text import utc
from bot.commands.base import ChangeCommand
from bot.commands.databases._holds import Blocks, freezes_for, holds_to_release
from bot.commands.databases.thaw import describe_blocks, holds_ended_by
from bot.core.records.branches import Branch
from bot.core.records.holds import Hold, HoldKind
from bot.core.records.timers import Timer, TimerKind
from bot.core.records.tokens import TokenState
from bot.core.requests.plan import Plan
from bot.core.requests.proof import OldTokens, Proof
from bot.core.requests.request import CLOSED, COUNTDOWN_OVER, TOOK_OVER, Request, State
from bot.core.requests.step_results import PhaseKind, PhaseResult
from bot.core.requests.transition import Closing, Revocation, Transition
from bot.pipeline.environment import new_id
from bot.pipeline.replies import entry

RECONCILE_PAUSES = (30, 120, 600, 3600)
"""The pauses in seconds before each attempt of the reconciler to read an unknown outcome."""
RECONCILED_FOR = timedelta(seconds=sum(RECONCILE_PAUSES))
NOT_SHOWN = "Turso doesn't show the change."
LEASE = timedelta(seconds=90)
"""If a process hasn't tried its probe tokens for this long, another process considers it stopped."""
REVOKES = (State.SUCCEEDED, State.QUARANTINED)
"""The states of a request after which its tokens are revoked, if Turso accepted the rotation."""
GRACE = timedelta(hours=1)
"""The minimum time that remains of a countdown after a failed undo."""


@dataclass(frozen=True, slots=True)
class Settlement:
    """The result of a phase, its reason, and the facts that the operation returned."""

    result: PhaseResult
    why: str
    facts: dict[str, Any]
    left: Blocks | None = None
    """After a failure: the blocks of the request's hold that Turso still shows. None if they weren't read."""


def settle(
    request: Request,
    command: ChangeCommand[Any],
    kind: PhaseKind,
    settled: Settlement,
    holds: Sequence[Hold],
    now: datetime,
) -> Transition:
    """Return the transition that ends a phase."""
    state = _state(request, command, kind, settled)
    closes = _closes(request, command, state, holds, now)
    more: dict[str, Any] = {CLOSED: [one.request_id for one in closes]} if closes else {}
    if kind is PhaseKind.FINISH and state is not State.SUCCEEDED:
        more[COUNTDOWN_OVER] = True
    if kind is PhaseKind.EXECUTE and state is State.QUARANTINED and CLOSED in request.facts:
        more[TOOK_OVER] = True
    move = Transition(
        to=state,
        at=now,
        changes={
            "outcome": _sentence(request, command, state, kind, settled, now),
            **({"due_at": _due(request, command, kind, now)} if state is State.QUARANTINED else {}),
        },
        adds={**settled.facts, "phase": kind.value, **more},
        entries=[entry(_EVENTS[kind], state.value, at=now, request=request, phase=kind.value, what=settled.why)],
        timers=_timers(request, command, kind, state, settled, holds, now),
        closes=closes,
        frees=request.plan.changes_alone,
        cancel=[TimerKind.EXPIRE],
    )
    proof = Proof.of(settled.facts) if kind is PhaseKind.EXECUTE else None
    if command.branch is not None and state is State.SUCCEEDED:
        move = _with_branch(move, command.branch(request, settled.facts, new_id("b"), now))
    move = replace(move, **_holds(request, kind, state, settled, holds, now, command))
    ends = [Timer(TimerKind.THAW, hold.id, hold.due_at) for hold in move.holds if hold.due_at]
    move = replace(move, timers=[*move.timers, *ends])
    return replace(move, **_tokens(request, kind, state, proof))


def _with_branch(move: Transition, branch: Branch) -> Transition:
    """Add the record of a created branch, and the timer that announces its end."""
    due = branch.announced_at
    ends = [Timer(TimerKind.BRANCH_END, branch.id, due)] if due else []
    return replace(move, branches=[branch], timers=[*move.timers, *ends])


_EVENTS = {PhaseKind.EXECUTE: "executed", PhaseKind.FINISH: "finished", PhaseKind.UNDO: "undone"}


def _state(request: Request, command: ChangeCommand[Any], kind: PhaseKind, settled: Settlement) -> State:
    if settled.result is PhaseResult.SUCCEEDED:
        if kind is PhaseKind.UNDO:
            return State.RESTORED
        waits = kind is PhaseKind.EXECUTE and command.undo is not None and _quarantines(request)
        return State.QUARANTINED if waits else State.SUCCEEDED
    if settled.result is PhaseResult.STALE:
        return State.STALE
    if kind is PhaseKind.UNDO:
        return State.QUARANTINED
    return State.FAILED if settled.result is PhaseResult.FAILED else State.UNKNOWN


def _quarantines(request: Request) -> bool:
    return request.plan.hold is not None and request.plan.hold.kind == HoldKind.QUARANTINE


def _sentence(
    request: Request,
    command: ChangeCommand[Any],
    state: State,
    kind: PhaseKind,
    settled: Settlement,
    now: datetime,
) -> str:
    why = settled.why
    if kind is PhaseKind.UNDO and state is State.QUARANTINED:
        then = f"{'The countdown continues. ' if request.due_at else ''}You can press Undo again."
        return f"Undo failed. {why or NOT_SHOWN} {then}"
    if state is State.FAILED and (left := describe_blocks(_remaining_blocks(kind, settled))):
        name = request.plan.target.name if request.plan.target else "the database"
        there = (
            f"`{name}` still exists, and its {left}" if kind is PhaseKind.FINISH else f"{left.capitalize()} to `{name}`"
        )
        return f"{why} {there} are still blocked. Unblock it with `/turso thaw {name}`."
    if state is State.STALE:
        return f"{why} Nothing was changed."
    if state is State.UNKNOWN:
        then = f" I'll keep checking until {utc(now + RECONCILED_FOR)}." if _is_reconciled(command, kind) else ""
        return f"{why} The change may or may not have been made.{then}"
    return why


def _is_reconciled(command: ChangeCommand[Any], kind: PhaseKind) -> bool:
    """Return True if the reconciler can read an unknown outcome of this phase."""
    return command.operation(kind).read_back is not None


def _due(request: Request, command: ChangeCommand[Any], kind: PhaseKind, now: datetime) -> datetime | None:
    """Return when the countdown of the quarantine ends. None if the quarantine has no countdown."""
    if kind is PhaseKind.UNDO:
        return max(request.due_at, now + GRACE) if request.due_at else None
    return now + request.countdown if command.finish else None


def _timers(
    request: Request,
    command: ChangeCommand[Any],
    kind: PhaseKind,
    state: State,
    settled: Settlement,
    holds: Sequence[Hold],
    now: datetime,
) -> list[Timer]:
    if state is State.QUARANTINED:
        due = _due(request, command, kind, now)
        return [
            *([Timer(TimerKind.FINISH, request.id, due)] if due else []),
            *_proof_timer(request, kind, settled, now),
        ]
    timers = []
    if state is State.UNKNOWN and _is_reconciled(command, kind):
        timers.append(Timer(TimerKind.RECONCILE, request.id, now + timedelta(seconds=RECONCILE_PAUSES[0])))
    timers += _proof_timer(request, kind, settled, now)
    if kind is PhaseKind.EXECUTE and state in (State.SUCCEEDED, State.UNKNOWN):
        timers += [Timer(TimerKind.THAW, hold.id, hold.due_at) for hold in _own(request, holds) if hold.due_at]
    return timers


def _proof_timer(request: Request, kind: PhaseKind, settled: Settlement, now: datetime) -> list[Timer]:
    proof = Proof.of(settled.facts) if kind is PhaseKind.EXECUTE else None
    return [Timer(TimerKind.PROVE, request.id, now + LEASE)] if proof is not None and proof.is_watched else []


def _own(request: Request, holds: Sequence[Hold]) -> list[Hold]:
    """Return the request's own holds. Found blocks are left out, because it didn't set them."""
    return [hold for hold in holds if hold.request_id == request.id and hold.kind is not HoldKind.FOUND]


def _closes(
    request: Request, command: ChangeCommand[Any], state: State, holds: Sequence[Hold], now: datetime
) -> list[Closing]:
    """Return the quarantines by other requests that end because this request has destroyed the database."""
    if not (state is State.SUCCEEDED and command.removes_target and request.plan.target):
        return []
    return [
        closing(hold, request, f"`{hold.database}` was destroyed immediately, in request `{request.id}`.", now)
        for hold in holds
        if hold.kind is HoldKind.QUARANTINE and hold.database_id == request.plan.target.id
        if hold.request_id != request.id
    ]


def closing(hold: Hold, by: Request, why: str, now: datetime) -> Closing:
    """Return the end of a quarantine, caused by the request `by`. `why` is shown to the people concerned."""
    line = entry(
        "finished", State.STALE.value, at=now, command=by.command, databases=[hold.database],
        organization=hold.organization, by=by.requester, what=why, closed_by=by.id,
    )  # fmt: skip
    why = f"{why} The countdown has ended."
    return Closing(hold.request_id, why, replace(line, request_id=hold.request_id, channel_id=hold.channel_id))


def _holds(
    request: Request,
    kind: PhaseKind,
    state: State,
    settled: Settlement,
    holds: Sequence[Hold],
    now: datetime,
    command: ChangeCommand[Any],
) -> dict[str, Any]:
    """Return the holds that the transition places and releases."""
    own, target = _own(request, holds), request.plan.target
    here = [hold for hold in holds if target and hold.database_id == target.id]
    if state is State.SUCCEEDED and command.removes_target:
        return {"release_holds": [hold.id for hold in here]}
    if kind is PhaseKind.EXECUTE and state is State.QUARANTINED:
        before = request.facts.get(CLOSED, ())
        return {"release_holds": [hold.id for hold in here if hold.request_id in before]}
    if state in (State.RESTORED, State.FAILED, State.STALE):
        ended = [hold.id for hold in own]
        left = _remaining_blocks(kind, settled) if state is State.FAILED else (False, False)
        if still_blocked := [replace(one, id=new_id("h"), placed_at=now) for one in freezes_for(left, own)]:
            return {"release_holds": ended, "holds": still_blocked}
        return {"release_holds": holds_to_release(ended, here)}
    if state is State.SUCCEEDED and command.lifts:
        named = holds_ended_by(request.plan)
        return {"release_holds": holds_to_release([hold.id for hold in here if hold.id in named], here)}
    return {}


def _remaining_blocks(kind: PhaseKind, settled: Settlement) -> Blocks:
    """Return what a failed request leaves blocked. If it is unknown after a destroy, assume reads and writes."""
    if settled.left is not None:
        return settled.left
    return (True, True) if kind is PhaseKind.FINISH else (False, False)


def _tokens(request: Request, kind: PhaseKind, state: State, proof: Proof | None) -> dict[str, Any]:
    """Return the changes of the ledger: tokens of a destroyed database end, and rotated tokens are revoked."""
    if proof is not None:
        return {"revokes": revoked_by(request.plan, proof, state)}
    if state is not State.SUCCEEDED:
        return {}
    ended = list(request.plan.ends_tokens_of)
    if kind is PhaseKind.FINISH and request.plan.target:
        ended.append(request.plan.target.id)
    return {"end_tokens_of": ended}


def revoked_by(plan: Plan, proof: Proof, state: State) -> list[Revocation]:
    """Return the revocations that follow from Turso's response to a rotation, or from its proof.

    If Turso didn't accept the rotation, and it isn't proven that the target rejects old tokens, there are none.
    """
    accepted = state in REVOKES and proof.accepted
    if not accepted and proof.target.tokens is not OldTokens.REFUSED:
        return []
    ended = [one.database_id for one in proof.findings if one.tokens is OldTokens.REFUSED]
    reaches_group = proof.sibling is not None and proof.sibling.tokens is OldTokens.REFUSED
    revoked = plan.ends_tokens_of if reaches_group else [proof.target.database_id]
    return [
        Revocation([id_ for id_ in revoked if id_ not in ended], TokenState.REVOKED, proof.sent_at),
        Revocation(ended, TokenState.ENDED, proof.sent_at),
    ]
