"""Builds records of the store with valid default values."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.core.model import Confirm, Target
from bot.core.records.audit_entry import AuditEntry
from bot.core.records.branches import Branch
from bot.core.records.holds import Hold, HoldKind
from bot.core.records.incidents import Incident, Review
from bot.core.records.tokens import LedgerToken, TokenState
from bot.core.records.usage import UsageSample
from bot.core.requests.incoming import Incoming, Kind
from bot.core.requests.plan import Plan, PlannedHold, PlanTarget
from bot.core.requests.request import ON_RECORD, Mode, Request, State, Vote
from bot.core.requests.transition import Transition
from tests.store.conftest import NOON

ORDERS = PlanTarget("orders-eu", "db-1", group="eu", size_bytes=1_000_000)


def incoming(number: int = 1, **changes: Any) -> Incoming:
    made = Incoming(
        id=f"i-{number:010}",
        key=f"key-{number}",
        kind=Kind.COMMAND,
        at=NOON,
        user_id="U0ANA",
        channel_id="C0DBOPS",
        text="freeze orders-eu",
        values={"reason": {"reason": "spike"}},
        trigger_id="123.456.abcdef",
        response_url="https://hooks.slack.com/commands/T0/1/secret",
    )
    return replace(made, **changes)


def branch(number: int = 1, *, days: int | None = 3, request_id: str = "r-1") -> Branch:
    return Branch(
        f"b-{number}", "acme", f"orders-{number}", f"db-{number}", "orders", "db-0", "U0DANA", "C0DBOPS", request_id,
        NOON, NOON + timedelta(days=days) if days else None,
    )  # fmt: skip


def request(number: int = 1, **changes: Any) -> Request:
    made = Request(
        id=f"r-{number:010}",
        intent_id=f"i-{number:010}",
        mode=Mode.APPROVAL,
        state=State.PENDING,
        command="freeze",
        line=f"db freeze orders-eu --reason {number}",
        plan=plan(number),
        organization="acme",
        channel_id="C0DBOPS",
        thread_ts=None,
        requester="U0ANA",
        requester_team="T0ACME",
        created_at=NOON + timedelta(seconds=number),
        reason="the disk is full",
        quorum=2,
        confirm=Confirm.TYPE_NAME,
        notify=("<@U0BEN>",),
        expires_at=NOON + timedelta(hours=1),
        countdown=timedelta(hours=12),
        facts={"before": {"rows": 3}},
        updated_at=NOON,
    )
    return replace(made, **changes)


def plan(number: int = 1) -> Plan:
    return Plan(
        ORDERS,
        steps=("Block writes to orders-eu",),
        arguments={"number": number},
        databases=(Target("orders-eu", "eu"),),
        hold=PlannedHold("freeze", False, True, 1800),
        command="freeze",
        organization="acme",
        policy_hash="p1",
    )


def move(to: State, *, event: str = "", **brings: Any) -> Transition:
    """Return a transition. It has an audit entry if `event` is given, or if a transition to this state needs one."""
    entries = (entry(event or "executed"),) if event or to in ON_RECORD else ()
    return Transition(to=to, at=NOON, changes=brings.pop("changes", {}), entries=entries, **brings)


def vote(number: int = 1, user_id: str = "U0BEN", *, approves: bool = True) -> Vote:
    return Vote(f"r-{number:010}", user_id, approves, NOON, "fine")


def entry(event: str = "asked", **changes: Any) -> AuditEntry:
    made = AuditEntry(
        at=NOON,
        event=event,
        outcome="allowed",
        user_id="U0ANA",
        channel_id="C0DBOPS",
        command="freeze",
        databases=("orders-eu",),
        organization="acme",
        detail={"ticket": "OPS-7"},
    )
    return replace(made, **changes)


def hold(number: int = 1, **changes: Any) -> Hold:
    made = Hold(
        f"h-{number}", HoldKind.FREEZE, "acme", "orders-eu", "db-1", False, True, "r-0000000001", "C0DBOPS", NOON
    )
    return replace(made, **changes)


def token(number: int = 1, **changes: Any) -> LedgerToken:
    made = LedgerToken(
        id=f"t-{number}",
        request_id=f"r-{number}",
        organization="acme",
        database="orders-eu",
        database_id="db-1",
        group="eu",
        read_only=True,
        holder="U0ANA",
        channel_id="C0DBOPS",
        minted_at=NOON + timedelta(seconds=number),
        expires_at=NOON + timedelta(hours=1),
        state=TokenState.LIVE,
    )
    return replace(made, **changes)


def incident(number: int = 1, **changes: Any) -> Incident:
    until = NOON + timedelta(hours=4)
    made = Incident(f"n-{number}", f"INC-{number}", "C0INC", "acme", "incident", "U0ANA", NOON, until)
    return replace(made, **changes)


def review(number: int = 1, **changes: Any) -> Review:
    made = Review(f"v-{number}", "r-0000000001", "U0ANA", "C0INC", NOON, NOON + timedelta(days=1), ("U0BEN",))
    return replace(made, **changes)


def sample(day: str = "2026-11-24", database: str = "orders-eu", rows_read: int = 10) -> UsageSample:
    return UsageSample("acme", database, f"id-{database}", day, rows_read, 1, 2, 3)
