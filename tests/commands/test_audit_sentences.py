"""`audit` shows each entry that the code can write as a correct English sentence."""

import ast
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import bot
from bot.commands import CATALOGUE
from bot.commands.requests._audit_sentences import EVENTS, PRESSED_TO, PRESSES, sentence_of
from bot.commands.requests._audit_writer import slack_writer
from bot.core.records.audit_entry import POLICY_FILE, TIMER, AuditEntry
from bot.pipeline.dispatch.button_actions import CLICKS
from tests.commands.conftest import Desk

AT = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
WRITER = slack_writer(lambda entry: entry.databases, CATALOGUE)
CHOSEN = {"votes.py", "settlement.py", "token_reveal.py", "incident_start.py"}
"""Files that choose the event at run time. The table below has their events."""


def line(event: str, outcome: str, **more: Any) -> AuditEntry:
    """Return an entry about Ana and `analytics`. With `of_dana`, it is about a request by Dana."""
    detail = {"asker": "U0DANA"} if more.pop("of_dana", False) else {}
    given = {"user_id": "U0ANA", "command": "destroy", "databases": ("analytics",)} | more
    return AuditEntry(
        at=AT, event=event, outcome=outcome, channel_id="C0DBOPS", detail=detail | given.pop("detail", {}), **given
    )


def requested(outcome: str, mode: str, command: str = "destroy", **detail: str) -> AuditEntry:
    return line("asked", outcome, command=command, request_id="r-1", detail={"mode": mode, **detail})


def refused(press: str, **more: Any) -> AuditEntry:
    return line("refused", "denied", request_id="r-1", detail={"press": press} | more.pop("detail", {}), **more)


def phase(event: str, outcome: str, **more: Any) -> AuditEntry:
    """Return the entry of a phase of a request by Dana."""
    return line(event, outcome, user_id="U0DANA", request_id="r-1", **more)


TABLE = [
    (requested("pending", "approval"), "<@U0ANA> asked to destroy `analytics` (needs approval)"),
    (requested("pending", "direct"), "<@U0ANA> asked to destroy `analytics` (waiting for their confirmation)"),
    (requested("approved", "direct", "create"), "<@U0ANA> asked to create `analytics` (allowed by a rule)"),
    (requested("ready", "direct", "token"), "<@U0ANA> asked to create a token for `analytics` (allowed by a rule)"),
    (requested("approved", "break_glass"), "<@U0ANA> used break-glass access to destroy `analytics`"),
    (requested("pending", "break_glass"), "<@U0ANA> used break-glass access to destroy `analytics`"),
    (
        requested("pending", "approval", branch="b-0000000001"),
        "A request to destroy `analytics` was opened for <@U0ANA>, because the branch reached its end date "
        "(needs approval)",
    ),
    (line("planned", "dry_run"), "<@U0ANA> did a dry run: destroy `analytics`"),
    (line("read", "allowed", command="usage"), "<@U0ANA> used `usage` on `analytics`"),
    (line("read", "allowed", command="list", databases=()), "<@U0ANA> used `list`"),
    (line("branch_extended", "succeeded", command="branch"), "<@U0ANA> extended the branch `analytics`"),
    (line("branch_kept", "succeeded", command="branch"), "<@U0ANA> removed the end date of the branch `analytics`"),
    (line("branch_ended", "begun", command="branch", user_id=TIMER), "The branch `analytics` reached its end date"),
    (
        line("branch_ended", "denied", command="branch", user_id=TIMER),
        "The branch `analytics` reached its end date, but the rules at that time didn't allow destroying it",
    ),
    (line("approved", "vote", of_dana=True), "<@U0ANA> approved <@U0DANA>'s request to destroy `analytics`"),
    (line("denied", "denied", of_dana=True), "<@U0ANA> denied <@U0DANA>'s request to destroy `analytics`"),
    (line("confirmed", "confirmed"), "<@U0ANA> confirmed their request to destroy `analytics`"),
    (
        line("unseen", "cancelled", user_id=TIMER, of_dana=True),
        "<@U0DANA>'s request to destroy `analytics` ended: its card couldn't be posted",
    ),
    (line("withdrawn", "cancelled"), "<@U0ANA> withdrew their request to destroy `analytics`"),
    (line("reminded", "sent"), "<@U0ANA> reminded the approvers of their request to destroy `analytics`"),
    (line("undo", "asked", of_dana=True), "<@U0ANA> pressed Undo on <@U0DANA>'s request to destroy `analytics`"),
    (phase("executed", "succeeded", command="freeze"), "<@U0DANA>'s request to freeze `analytics` succeeded"),
    (
        phase("executed", "quarantined"),
        "`analytics` was put in quarantine: <@U0DANA>'s request to destroy `analytics`",
    ),
    (
        line("proof", "proven", command="rotate", user_id="timer", request_id="r-1", of_dana=True),
        "<@U0DANA>'s request to revoke all tokens for `analytics` is verified: old tokens no longer work",
    ),
    (
        line("proof", "not_proven", command="rotate", user_id="timer", request_id="r-1", of_dana=True),
        "<@U0DANA>'s request to revoke all tokens for `analytics` couldn't be verified: old tokens may still work",
    ),
    (phase("executed", "failed"), "<@U0DANA>'s request to destroy `analytics` failed"),
    (phase("executed", "unknown"), "The outcome of <@U0DANA>'s request to destroy `analytics` is unknown"),
    (
        phase("executed", "stale"),
        "<@U0DANA>'s request to destroy `analytics` was stopped because something had changed",
    ),
    (phase("finished", "succeeded"), "The countdown ended: <@U0DANA>'s request to destroy `analytics` succeeded"),
    (phase("finished", "failed"), "The countdown ended: <@U0DANA>'s request to destroy `analytics` failed"),
    (
        phase("finished", "unknown"),
        "The countdown ended: the outcome of <@U0DANA>'s request to destroy `analytics` is unknown",
    ),
    (
        phase("finished", "denied"),
        "`analytics` wasn't destroyed and stays in quarantine: <@U0DANA>'s request to destroy `analytics`",
    ),
    (
        phase("finished", "postponed"),
        "The destruction of `analytics` was postponed: <@U0DANA>'s request to destroy `analytics`",
    ),
    (
        phase("finished", "stale"),
        "The countdown ended: <@U0DANA>'s request to destroy `analytics` was stopped because something had changed",
    ),
    (
        phase("undone", "restored"),
        "`analytics` was restored: the quarantine from <@U0DANA>'s request to destroy `analytics` was undone",
    ),
    (
        phase("undone", "quarantined"),
        "Undo failed: `analytics` stays in quarantine (<@U0DANA>'s request to destroy `analytics`)",
    ),
    (
        phase("undone", "stale"),
        "The undo of <@U0DANA>'s request to destroy `analytics` was stopped because something had changed",
    ),
    (phase("stale", "stale"), "<@U0DANA>'s request to destroy `analytics` was stopped because something had changed"),
    (
        line("expired", "expired", user_id=TIMER, of_dana=True),
        "<@U0DANA>'s request to destroy `analytics` expired",
    ),
    (phase("revealed", "succeeded", command="token"), "<@U0DANA> revealed a token for `analytics`"),
    (phase("reveal", "failed", command="token"), "<@U0DANA>'s reveal of a token for `analytics` failed"),
    (
        phase("reveal", "unknown", command="token"),
        "The outcome of <@U0DANA>'s reveal of a token for `analytics` is unknown",
    ),
    (
        line("thawed", "succeeded", user_id=TIMER, command="thaw", of_dana=True),
        "<@U0DANA>'s freeze on `analytics` ended on time",
    ),
    (line("thawed", "succeeded", user_id=TIMER, command="thaw"), "The freeze on `analytics` ended on time"),
    (
        line("thawed", "gone", user_id=TIMER, command="thaw", of_dana=True),
        "<@U0DANA>'s freeze on `analytics` ended because the database no longer exists",
    ),
    (
        line("unblocked", "begun", user_id=TIMER, command="thaw", of_dana=True),
        "Turso Ops began to unblock `analytics`, because an ended freeze or quarantine had left it blocked",
    ),
    (
        line("unblocked", "succeeded", user_id=TIMER, command="thaw", of_dana=True),
        "`analytics` was unblocked, because an ended freeze or quarantine had left it blocked",
    ),
    (
        line("reviewed", "justified", of_dana=True),
        "<@U0ANA> reviewed <@U0DANA>'s request to destroy `analytics` (break-glass): justified",
    ),
    (
        line("reviewed", "not_justified", of_dana=True),
        "<@U0ANA> reviewed <@U0DANA>'s request to destroy `analytics` (break-glass): not justified",
    ),
    (
        line("review_overdue", "owed", user_id=TIMER, of_dana=True),
        "The review of <@U0DANA>'s request to destroy `analytics` (break-glass) is overdue",
    ),
    (
        line("incident_started", "succeeded", command="incident start", databases=(), detail={"key": "INC-1"}),
        "<@U0ANA> started incident `INC-1`",
    ),
    (
        line("incident_extended", "succeeded", command="incident start", databases=(), detail={"key": "INC-1"}),
        "<@U0ANA> extended incident `INC-1`",
    ),
    (
        line("incident_ended", "succeeded", command="incident end", databases=(), detail={"key": "INC-1"}),
        "<@U0ANA> ended incident `INC-1`",
    ),
    (
        line("incident_ended", "expired", user_id=TIMER, databases=(), detail={"key": "INC-1"}),
        "Incident `INC-1` reached its time limit",
    ),
    (line("refused", "denied"), "<@U0ANA> wasn't allowed to destroy `analytics`"),
    (
        line("refused", "denied", command="usage", databases=()),
        "<@U0ANA> wasn't allowed to use `usage`",
    ),
    (
        refused("approval.approve"),
        "<@U0ANA>'s approval of their own request to destroy `analytics` was rejected",
    ),
    (
        refused("approval.approve", of_dana=True),
        "<@U0ANA>'s approval of <@U0DANA>'s request to destroy `analytics` was rejected",
    ),
    (
        refused("approval.deny", of_dana=True),
        "<@U0ANA>'s denial of <@U0DANA>'s request to destroy `analytics` was rejected",
    ),
    (
        refused("quarantine.undo", of_dana=True),
        "<@U0ANA>'s undo of <@U0DANA>'s request to destroy `analytics` was rejected",
    ),
    (refused("", of_dana=True), "<@U0ANA>'s press on <@U0DANA>'s request to destroy `analytics` was rejected"),
    (
        line(
            "policy_changed",
            "in_force",
            user_id=POLICY_FILE,
            command="",
            databases=(),
            detail={"old": "aa", "new": "bb", "gains_and_losses": ["one"], "complete": True},
        ),
        "The policy changed from `aa` to `bb` (1 permission change)",
    ),
    (
        line(
            "policy_changed",
            "in_force",
            user_id=POLICY_FILE,
            command="",
            databases=(),
            detail={"old": "aa", "new": "bb", "gains_and_losses": ["one", "two"], "complete": False},
        ),
        "The policy changed from `aa` to `bb` (at least 2 permission changes)",
    ),
    (
        line("refused", "denied", command="hold.thaw", databases=(), detail={"press": "hold.thaw"}),
        "<@U0ANA> wasn't allowed to thaw the database",
    ),
    (
        line("refused", "denied", command="alert.triage", databases=(), detail={"press": "alert.triage"}),
        "<@U0ANA> wasn't allowed to view the database",
    ),
    (
        refused("token.reveal", of_dana=True, command="token"),
        "<@U0ANA> wasn't allowed to reveal the token (<@U0DANA>'s request to create a token for `analytics`)",
    ),
]


@pytest.mark.parametrize(("entry", "sentence"), TABLE, ids=lambda value: value if isinstance(value, str) else "")
def test_an_entry_is_shown_as_the_right_sentence(entry: AuditEntry, sentence: str) -> None:
    assert sentence_of(entry, WRITER) == sentence


def written() -> Iterator[tuple[str, ast.expr]]:
    """Yield the file and the expression of every event that the code writes."""
    for path in Path(bot.__file__).parent.rglob("*.py"):
        if "sandbox" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            if node.func.id == "entry" and node.args:
                yield path.name, node.args[0]
            if node.func.id == "AuditEntry":
                yield from ((path.name, one.value) for one in node.keywords if one.arg == "event")


def test_every_event_that_the_code_writes_is_in_the_table() -> None:
    tested = {entry.event for entry, _ in TABLE}
    for file, event in written():
        if isinstance(event, ast.Constant):
            assert event.value in tested, f"{file} writes {event.value!r}, which has no sentence in the table"
        else:
            assert file in CHOSEN | {"replies.py"}, f"{file} chooses an event: add those to the table"
    assert tested == EVENTS


def test_every_button_has_words_for_its_press() -> None:
    assert set(CLICKS) <= PRESSES.keys() | PRESSED_TO.keys()


def test_a_sentence_names_a_few_databases_and_counts_the_rest() -> None:
    names = tuple(f"db-{at}" for at in range(8))

    sentence = sentence_of(line("read", "allowed", command="usage", databases=names), WRITER)

    assert sentence == "<@U0ANA> used `usage` on `db-0`, `db-1`, `db-2`, `db-3` and 4 more"


GROUP = tuple(f"db-{at}" for at in range(8))


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        (
            phase("executed", "succeeded", command="rotate", databases=GROUP),
            "<@U0DANA>'s request to revoke all tokens for `db-0` succeeded (may also affect 7 other databases)",
        ),
        (
            phase("executed", "failed", command="rotate", databases=GROUP),
            "<@U0DANA>'s request to revoke all tokens for `db-0` failed",
        ),
        (
            line("asked", "pending", command="wake", databases=GROUP[:2], detail={"mode": "approval"}),
            "<@U0ANA> asked to wake `db-0` (needs approval; may also affect 1 other database)",
        ),
        (
            phase("executed", "quarantined", command="rewind switch", databases=GROUP[:3]),
            "`db-0` was put in quarantine: <@U0DANA>'s request to switch from `db-0` to its copy "
            "(may also affect 2 other databases)",
        ),
    ],
)
def test_a_request_is_for_its_target_and_other_databases_are_only_affected(entry: AuditEntry, sentence: str) -> None:
    assert sentence_of(entry, WRITER) == sentence


def test_databases_that_the_reader_may_not_see_are_only_counted() -> None:
    writer = slack_writer(lambda entry: [name for name in entry.databases if name.startswith("orders")], CATALOGUE)
    entry = phase("executed", "succeeded", command="rotate", databases=("payroll", "orders", "users"))

    assert "all tokens for 1 database succeeded (may also affect `orders` and 1 more)" in sentence_of(entry, writer)
    assert "freeze 1 database" in sentence_of(phase("executed", "failed", command="freeze", databases=("x",)), writer)


def test_an_entry_about_the_whole_organization_lists_no_databases() -> None:
    """The plan of such a change names every database, so that the rules decide on each."""
    entry = phase("executed", "succeeded", command="overages", databases=("orders", "payroll"), organization="acme")
    turned_on = replace(entry, detail={"on": True})

    assert sentence_of(turned_on, WRITER) == "<@U0DANA>'s request to turn on overages for `acme` succeeded"
    # Entries that an older version wrote don't say whether overages were turned on or off.
    assert sentence_of(entry, WRITER) == "<@U0DANA>'s request to change the organization's overages succeeded"


async def test_the_audit_page_shows_the_reason_of_a_rejection(desk: Desk) -> None:
    await desk.store.audit.append(refused("approval.approve", reason="You cannot approve your own request."))

    reply = str((await desk.ask("audit")).blocks)

    assert "approval of their own request to destroy `analytics` was rejected: You cannot approve your own" in reply
