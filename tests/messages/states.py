"""Messages that `play` doesn't cause: a card in each of its states, and the notices about a request."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.blocks import buttons, cards, forms, kit, notices, request_notices
from bot.blocks.message import reply
from bot.blocks.proofs import proof_head, proof_of_group
from bot.blocks.text import joined
from bot.commands import CATALOGUE
from bot.core.records.incidents import Review
from bot.core.reply import Reply
from bot.core.requests.proof import Finding, OldTokens, Proof
from bot.core.requests.request import Mode, Request, State
from bot.pipeline.outcomes.start_delay import SLOW
from tests.messages.rendering import rendered, rendered_view
from tests.store.conftest import NOON
from tests.store.samples import request, vote

NOW = NOON + timedelta(minutes=2)
SAMPLES: dict[State, dict[str, Any]] = {
    State.APPROVED: {}, State.READY: {"command": "token"}, State.EXECUTING: {"sent_at": NOON},
    State.SUCCEEDED: {"outcome": ""}, State.FAILED: {"outcome": "Turso refused this (400). Turso said: no."},
    State.UNKNOWN: {
        "outcome": "Turso didn't respond in time. The change may or may not have been made. "
        "I'll keep checking until 2026-11-24 13:12 UTC.",
    },
    State.DENIED: {
        "outcome": "Too risky.", "votes": (replace(vote(1, "U0BEN", approves=False), comment="Too risky."),),
    },
    State.EXPIRED: {"outcome": "No one approved or denied it in time."},
    State.CANCELLED: {"outcome": "Nothing was changed."},
    State.STALE: {"outcome": "The name `orders-eu` now belongs to a different database. Nothing was changed."},
    State.QUARANTINED: {"command": "destroy", "due_at": NOW + timedelta(hours=23)},
    State.RESTORED: {"command": "destroy", "outcome": ""},
}  # fmt: skip
REVIEW = Review("v-1", "r-0000000001", "U0DANA", "C0DBOPS", NOON, NOW + timedelta(hours=24), ("U0BEN",), ("<@U0ANA>",))


def states() -> Iterator[tuple[str, str]]:
    """Yield each message with its title."""
    pending = danas_request(votes=(), quorum=1)
    yield (
        "A request waits for one approval",
        shown(cards.request_card(pending, CATALOGUE, now=NOW, approvers=["U0ANA", "U0BEN"])),
    )
    yield (
        "A request waits for two approvals, and has one",
        shown(
            cards.request_card(
                danas_request(votes=(vote(1, "U0BEN"),)), CATALOGUE, now=NOW, approvers=["U0ANA", "U0BEN"]
            )
        ),
    )
    for mode in (Mode.DIRECT, Mode.BREAK_GLASS):
        yield (
            f"The requester confirms ({mode})",
            shown(cards.confirm_message(danas_request(mode=mode), CATALOGUE, now=NOW)),
        )
    for state, changes in SAMPLES.items():
        one = danas_request(state=state, **changes)
        yield f"The card of a request: {state}", shown(cards.request_card(one, CATALOGUE, now=NOW))
        yield f"The notice: {state}", shown(request_notices.outcome_notice(one, CATALOGUE))
    done = danas_request(state=State.SUCCEEDED, outcome="")
    yield "In a direct message", shown(request_notices.outcome_notice(done, CATALOGUE, elsewhere=True))
    yield "The card can't be drawn", shown(request_notices.plain_outcome(done))
    rests = danas_request(
        state=State.QUARANTINED,
        command="destroy",
        due_at=None,
        outcome="`orders-eu` wasn't destroyed when the countdown ended.",
    )
    yield "A quarantine without a countdown", shown(cards.request_card(rests, CATALOGUE, now=NOW))
    waits = danas_request(state=State.APPROVED)
    yield (
        "It can't start yet",
        shown(request_notices.waiting_note(waits, CATALOGUE, SLOW, now=NOW)),
    )
    again = danas_request(command="token", state=State.UNKNOWN)
    yield "A reveal that failed", shown(request_notices.reveal_again_note(again, "The token couldn't be shown."))
    yield from _notices(pending)


def _notices(pending: Request) -> Iterator[tuple[str, str]]:
    yield "A reminder", shown(notices.reminder(pending, CATALOGUE, now=NOW))
    yield (
        "A reminder to one person",
        shown(notices.personal_reminder(pending, CATALOGUE, "https://a.example/c", now=NOW)),
    )
    yield "A direct message", shown(notices.direct_call(pending, CATALOGUE, "https://a.example/c", now=NOW))
    acted = danas_request(mode=Mode.BREAK_GLASS, command="destroy")
    yield "Break-glass", shown(notices.break_glass_notice(acted, CATALOGUE, "https://a.example/c"))
    yield "A review is due", shown(notices.review_notice(REVIEW, acted, CATALOGUE, overdue=False))
    yield "A review is overdue", shown(notices.review_notice(REVIEW, acted, CATALOGUE, overdue=True))
    for justified in (True, False):
        given = replace(REVIEW, reviewed_by="U0BEN", reviewed_at=NOW, justified=justified, comment="Looked fine.")
        yield "A review was given", shown(notices.reviewed_notice(given, acted, CATALOGUE))
    rotated = danas_request(command="rotate")
    for known in OldTokens:
        proof = Proof(NOON, NOON + timedelta(hours=1), _finding("orders-eu", known), _finding("users", known))
        name = buttons.subject(rotated)
        sentence = joined(" ", (proof_head(name, proof), proof_of_group(proof)))
        yield f"After a rotation ({known})", shown(reply(sentence, [kit.section(sentence)]))
        yield f"To a holder of tokens ({known})", shown(notices.tokens_revoked_notice(rotated, ["orders-eu"], proof))
    yield "To a holder of tokens (destroyed)", shown(notices.destroyed_notice(danas_request(command="destroy")))
    yield "A form while it loads", rendered_view(forms.loading_view("freeze"))


def _finding(name: str, known: OldTokens) -> Finding:
    return Finding(name, "db-1", known, NOON, "my test token expired")


def danas_request(**changes: Any) -> Request:
    """Return Dana's request, with some of its fields changed."""
    return request(1, **{"requester": "U0DANA", "reason": "the disk is full", **changes})


def shown(message: Reply) -> str:
    return rendered(message.blocks, message.text)
