"""Cards show the operation, the database, the requester and the reason, and text from people can't imitate them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.blocks.cards import confirm_message, request_card, request_row
from bot.blocks.message import reply
from bot.blocks.plans import dry_run
from bot.blocks.request_notices import outcome_notice, reveal_again_note
from bot.blocks.text import mrkdwn
from bot.commands import CATALOGUE
from bot.core.catalogue import CommandCatalogue
from bot.core.model import Confirm, Decision, Target, Verdict
from bot.core.records.incidents import Review
from bot.core.requests.plan import Plan, PlanTarget
from bot.core.requests.request import COUNTDOWN_OVER, Mode, Request, State
from tests.blocks.messages import HOSTILE, buttons, check, shown, words
from tests.core.commands import ShowArgs, declare
from tests.store.conftest import NOON
from tests.store.samples import request, vote

PLAN = Plan(
    PlanTarget("orders", "0193c0de-7a11", "default", size_bytes=40960),
    steps=("Block reads and writes to orders", "Destroy orders and all its data"),
    facts={"Size": "40.0 KiB", "Active tokens": "2 of 1 holder"},
    warnings=("2 active tokens stop working",),
    databases=(Target("orders", "default"),),
    holders=("U0CLEO",),
    command="destroy",
)


def sample_request(**changes: Any) -> Request:
    made = request(1, command="destroy", line="destroy orders", plan=PLAN, reason="the shop is closed", ticket="OPS-7",
                   confirm=Confirm.BUTTON, rule="channels.C0DBOPS.rules[4]")  # fmt: skip
    return replace(made, **changes)


def huge(**changes: Any) -> Request:
    """Return a request with very many and very long values, most of them hostile."""
    name = "o" * 64
    plan = Plan(
        PlanTarget(name, HOSTILE, HOSTILE),
        steps=tuple(f"{HOSTILE} {at}" * 10 for at in range(60)),
        facts={f"Fact {at}": HOSTILE * 20 for at in range(40)} | {"Databases in the group": ", ".join([name] * 300)},
        warnings=tuple(HOSTILE * 10 for _ in range(40)),
        holders=tuple(f"U{at:010}" for at in range(300)),
        databases=tuple(Target(f"{name[:50]}{at}", "default") for at in range(300)),
        command="rotate",
    )
    changes = {"reason": HOSTILE * 40, "ticket": HOSTILE, "line": f"rotate {name}", "outcome": HOSTILE * 20} | changes
    return sample_request(command="rotate", plan=plan, notify=("<@U0BEN>",) * 50, rule=HOSTILE, **changes)


def test_the_card_shows_operation_database_requester_and_reason(golden: Callable[[str, Any], None]) -> None:
    card = check(request_card(sample_request(), CATALOGUE, now=NOON, approvers={"U0BEN", "U0DAN"}))

    text = words(card)
    for part in ("wants to destroy", "orders", "<@U0ANA>", "the shop is closed", "OPS-7", "40.0 KiB",
                 "and all its data", "<@U0CLEO>",
                 "Needs 2 approvals: <@U0BEN> or <@U0DAN>.", "<@U0BEN>", "in 1 h (", "stop working",
                 "r-0000000001"):  # fmt: skip
        assert part in text, part
    assert list(buttons(card)) == ["Approve", "Deny", "Withdraw", "Remind"]
    golden("cards/pending", shown(card))


def test_the_value_of_a_button_is_only_the_request_id() -> None:
    row = buttons(request_card(sample_request(), CATALOGUE, now=NOON))

    assert {one["value"] for one in row.values()} == {"r-0000000001"}
    assert [one["action_id"] for one in row.values()] == [
        "approval.approve",
        "approval.deny",
        "approval.withdraw",
        "approval.remind",
    ]


def test_a_high_risk_button_is_red_and_asks_for_confirmation() -> None:
    approve = buttons(request_card(sample_request(), CATALOGUE, now=NOON))["Approve"]

    assert approve["style"] == "danger"
    assert "orders" in approve["confirm"]["text"]["text"]


def test_an_approve_button_that_asks_for_the_typed_name_has_no_other_confirmation() -> None:
    card = request_card(sample_request(confirm=Confirm.TYPE_NAME), CATALOGUE, now=NOON)

    assert "confirm" not in buttons(card)["Approve"]


def test_votes_so_far_are_shown() -> None:
    card = request_card(sample_request(votes=(vote(1, "U0BEN"),)), CATALOGUE, now=NOON)

    assert "1 of 2 approvals (<@U0BEN>). Needs 1 more approval" in words(card)


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("make", [sample_request, huge], ids=["usual", "huge and hostile"])
def test_the_card_of_every_state_is_a_valid_message(make: Any, state: Any, mode: Any) -> None:
    made = make(
        state=state,
        mode=mode,
        due_at=NOON + timedelta(hours=3),
        updated_at=NOON,
        votes=(vote(1, "U0BEN"), replace(vote(1, "U0DAN", approves=False), comment=HOSTILE * 30)),
    )
    review = Review(
        "v-1", made.id, "U0ANA", "C0DBOPS", NOON, NOON, comment=HOSTILE, reviewed_by="U0BEN", reviewed_at=NOON
    )

    check(request_card(made, CATALOGUE, now=NOON, approvers={"U0BEN"}))
    check(request_card(made, CATALOGUE, now=NOON, review=review))
    check(request_card(made, CATALOGUE, now=NOON, done=reply(mrkdwn("done"), [])))
    check(outcome_notice(made, CATALOGUE))
    check(reveal_again_note(made, HOSTILE))
    check(confirm_message(made, CATALOGUE, now=NOON))
    check(reply(mrkdwn("row"), request_row(made, CATALOGUE, now=NOON, mine=True, may_approve=False)))
    check(reply(mrkdwn("row"), request_row(made, CATALOGUE, now=NOON, mine=False, may_approve=True)))
    check(dry_run(made.plan, CATALOGUE, Decision(Verdict.APPROVE, HOSTILE)))


@pytest.mark.parametrize(
    ("state", "names"),
    [
        (State.PENDING, ["Approve", "Deny", "Withdraw", "Remind"]),
        (State.READY, ["Reveal", "Withdraw"]),
        (State.APPROVED, ["Deny", "Withdraw"]),
        (State.EXECUTING, ["Deny", "Withdraw"]),
        (State.QUARANTINED, ["Undo"]),
        (State.SUCCEEDED, []),
        (State.FAILED, ["Try again"]),
        (State.DENIED, []),
        (State.CANCELLED, []),
        (State.EXPIRED, ["Ask again"]),
        (State.STALE, ["Ask again"]),
        (State.UNKNOWN, []),
        (State.RESTORED, []),
    ],
)
def test_each_state_has_the_buttons_that_still_work(state: State, names: Any) -> None:
    due = NOON + timedelta(hours=1) if state is State.QUARANTINED else None
    assert list(buttons(request_card(sample_request(state=state, due_at=due), CATALOGUE, now=NOON))) == names


def test_an_operation_that_was_sent_can_no_longer_be_stopped() -> None:
    assert not buttons(request_card(sample_request(state=State.EXECUTING, sent_at=NOON), CATALOGUE, now=NOON))


@pytest.mark.parametrize(("command", "name"), [("rotate", "Rotate again"), ("token", "Reveal again")])
def test_the_card_of_an_unknown_outcome_without_a_read_back_offers_to_repeat_the_operation(
    command: str, name: str
) -> None:
    card = request_card(
        sample_request(state=State.UNKNOWN, command=command, line=f"{command} orders"), CATALOGUE, now=NOON
    )

    assert list(buttons(card)) == [name]


def test_a_card_has_the_buttons_that_its_command_declares() -> None:
    plain = declare("melt", "melt NAME", ShowArgs, changes=True, verb="Melt down")
    declared = replace(plain, again_label="Melt again", offers_freeze=True)
    waits, unknown = (
        sample_request(command="melt"),
        sample_request(command="melt", state=State.UNKNOWN, line="melt orders"),
    )

    without, has = CommandCatalogue([plain]), CommandCatalogue([declared])

    assert "Freeze first" not in buttons(request_card(waits, without, now=NOON))
    assert "Freeze first" in buttons(request_card(waits, has, now=NOON))
    assert not buttons(request_card(unknown, without, now=NOON))
    assert list(buttons(request_card(unknown, has, now=NOON))) == ["Melt again"]
    assert "Melt down" in words(request_card(waits, has, now=NOON))


def test_the_card_of_a_removed_command_is_still_rendered() -> None:
    card = check(request_card(sample_request(command="melt"), CommandCatalogue([]), now=NOON))

    assert "Melt" in words(card)
    assert buttons(card)["Approve"]["style"] == "danger", "an unknown command counts as dangerous"


def test_a_break_glass_card_has_a_review_button_until_it_is_reviewed() -> None:
    acted = sample_request(mode=Mode.BREAK_GLASS, state=State.SUCCEEDED)
    given = Review(
        "v-1", acted.id, "U0ANA", "C0DBOPS", NOON, NOON, justified=True, reviewed_by="U0BEN", reviewed_at=NOON
    )

    assert list(buttons(request_card(acted, CATALOGUE, now=NOON))) == ["Review"]
    assert "Break-glass" in request_card(acted, CATALOGUE, now=NOON).text
    card = request_card(acted, CATALOGUE, now=NOON, review=given)
    assert buttons(card) == {}
    assert "Reviewed by <@U0BEN>: justified" in words(card)


def test_a_card_with_a_countdown_says_when_it_ends_and_how_to_stop_it() -> None:
    text = words(
        request_card(sample_request(state=State.QUARANTINED, due_at=NOON + timedelta(hours=23)), CATALOGUE, now=NOON)
    )

    assert "in 23 h" in text
    assert "Undo" in text


def test_the_confirmation_is_private_and_its_button_names_the_operation() -> None:
    made = check(confirm_message(sample_request(mode=Mode.DIRECT, command="freeze"), CATALOGUE, now=NOON))

    row = buttons(made)
    assert made.private
    assert list(row) == ["Freeze writes", "Cancel"]
    assert row["Freeze writes"]["action_id"] == "request.confirm"
    assert row["Cancel"]["action_id"] == "request.dismiss"


def test_the_row_of_a_request_has_no_buttons_for_a_person_who_may_not_vote() -> None:
    rows = request_row(sample_request(), CATALOGUE, now=NOON, mine=False, may_approve=False)

    assert not [block for block in rows if block["type"] == "actions"]


def test_a_reason_cannot_imitate_the_card() -> None:
    evil = "fine\n\n*Approved by security*\n`users` <@U0BOSS> said yes"

    card = check(request_card(sample_request(reason=evil), CATALOGUE, now=NOON))

    quote = next(block for block in card.blocks if block["type"] == "rich_text")
    said = quote["elements"][1]["elements"][0]
    assert quote["elements"][1]["type"] == "rich_text_quote"
    assert said == {"type": "text", "text": "fine *Approved by security* `users` <@U0BOSS> said yes"}
    assert "<@U0BOSS>" not in card.text


def test_a_card_with_three_hundred_databases_still_has_its_buttons() -> None:
    card = check(request_card(huge(), CATALOGUE, now=NOON))

    assert list(buttons(card)) == ["Approve", "Deny", "Withdraw", "Remind", "Freeze first"]
    assert "270 more" in words(card)
    assert "Shortened" not in words(card)


def test_a_quarantine_without_a_countdown_says_why_and_what_can_be_done() -> None:
    why = "`orders` was not destroyed when its countdown ended: the ceiling forbids it."
    resting = sample_request(state=State.QUARANTINED, outcome=why, facts={COUNTDOWN_OVER: True})
    resting = replace(resting, votes=(vote(user_id="U0BEN"),))

    card, notice = request_card(resting, CATALOGUE, now=NOON), outcome_notice(resting, CATALOGUE)

    assert list(buttons(card)) == ["Undo", "Ask again"]
    for message in (card, notice):
        assert "the ceiling forbids it" in words(message)
        assert "Nothing else will happen automatically" in words(message)
    assert f"<@{resting.requester}>, <@U0BEN>" in words(notice)
