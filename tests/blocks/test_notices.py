"""Notices say what happened to which database, and don't say that a person requested what a timer did."""

from typing import Any

import pytest

from bot.blocks.branch_cards import BranchStanding, branch_card
from bot.blocks.cards import request_card
from bot.blocks.notices import direct_call, personal_reminder, reminder
from bot.blocks.request_notices import outcome_notice
from bot.commands import CATALOGUE
from bot.core.reply import Reply
from bot.core.requests.plan import SUCCESSOR, Plan, PlanTarget
from bot.core.requests.request import COUNTDOWN_OVER, Request, State
from tests.blocks.messages import check, words
from tests.store.conftest import NOON
from tests.store.samples import branch, request

REASON = "This branch has reached its end date"
PLAN = Plan(PlanTarget("orders", "db-1", "default"), command="destroy")
SWITCH = Plan(PLAN.target, arguments={SUCCESSOR: {"name": "orders-copy"}}, command="rewind switch")
PENDING = request(command="destroy", plan=PLAN, intent_id="b-0000000001", reason=REASON)


def test_the_card_of_a_branch_end_does_not_say_that_its_owner_wants_it() -> None:
    card = check(request_card(PENDING, CATALOGUE, now=NOON))

    title = "The branch `orders` (owner: <@U0ANA>) has reached its end date and is due to be destroyed"
    assert title in words(card)
    assert title.replace("`", "") in card.text
    assert "wants to" not in words(card)
    assert REASON not in words(card)


@pytest.mark.parametrize("state", [State.CANCELLED, State.DENIED, State.EXPIRED, State.SUCCEEDED, State.QUARANTINED])
def test_the_outcome_of_a_branch_end_is_not_called_a_persons_request(state: State) -> None:
    ended = request(command="destroy", plan=PLAN, intent_id="b-0000000001", reason=REASON, state=state)

    for message in (request_card(ended, CATALOGUE, now=NOON), outcome_notice(ended, CATALOGUE)):
        assert "<@U0ANA>'s request" not in words(check(message))
        assert "your request" not in words(message)
        assert "you requested" not in words(message)


def test_a_card_and_a_notice_say_that_the_outcome_is_unknown() -> None:
    of_dana = request(command="destroy", plan=PLAN, requester="U0DANA", state=State.UNKNOWN, outcome="")
    of_branch = request(command="destroy", plan=PLAN, intent_id="b-0000000001", state=State.UNKNOWN, outcome="")
    end = "the request to destroy the branch orders at its end date is unknown"

    assert "The outcome of <@U0DANA>'s request to destroy `orders` is unknown" in words(card_of(of_dana))
    assert ": the outcome of your request to destroy orders is unknown." in notice_of(of_dana).text
    assert f"The outcome of {end}" in card_of(of_branch).text
    assert f": the outcome of {end}." in notice_of(of_branch).text


def card_of(one: Request) -> Reply:
    return check(request_card(one, CATALOGUE, now=NOON))


def notice_of(one: Request) -> Reply:
    return check(outcome_notice(one, CATALOGUE))


def test_reminders_of_a_branch_end_name_the_branch() -> None:
    reminders = (
        reminder(PENDING, CATALOGUE, now=NOON),
        personal_reminder(PENDING, CATALOGUE, "", now=NOON),
        direct_call(PENDING, CATALOGUE, "", now=NOON),
    )

    for message in reminders:
        assert "branch `orders`" in words(check(message))
        assert "<@U0ANA>" not in words(message)


def test_the_card_of_a_branch_says_that_a_request_is_open_but_not_that_its_owner_made_it() -> None:
    card = branch_card(branch(), BranchStanding(exists=True, asked_by="U0DANA", at_its_end=True), NOON)

    assert "A request to destroy it is open." in words(check(card))
    assert "has asked" not in words(card)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        pytest.param(
            {"state": State.QUARANTINED, "due_at": NOON},
            ["`orders` is now in quarantine, as you requested. It will be destroyed <!date", "presses *Undo*"],
            id="destroy",
        ),
        pytest.param(
            {"state": State.QUARANTINED, "due_at": NOON, "facts": {COUNTDOWN_OVER: True}},
            ["`orders` is still in quarantine. It will be destroyed <!date"],
            id="a longer countdown",
        ),
        pytest.param(
            {"state": State.QUARANTINED, "plan": SWITCH, "command": "rewind switch"},
            ["`orders` was switched to its copy `orders-copy` and is now in quarantine."],
            id="switch",
        ),
        pytest.param({"state": State.RESTORED}, ["`orders` was restored. It won't be destroyed."], id="Undo"),
        pytest.param(
            {"state": State.RESTORED, "plan": SWITCH, "command": "rewind switch"},
            ["the switch from `orders` to its copy was undone."],
            id="Undo of a switch",
        ),
    ],
)
def test_a_notice_says_what_happened_to_the_database(changes: dict[str, Any], says: list[str]) -> None:
    ended = request(**{"command": "destroy", "plan": PLAN, **changes})

    notice = words(check(outcome_notice(ended, CATALOGUE)))

    assert [one for one in says if one not in notice] == []


@pytest.mark.parametrize(
    ("command", "arguments", "target", "shown"),
    [
        ("overages", {"name": "acme", "on": True}, None, "`overages on`"),
        ("protect", {"on": False}, PLAN.target, "`protect orders off`"),
        ("destroy", {}, PLAN.target, "`destroy orders`"),
    ],
)
def test_a_card_ends_with_the_command_as_it_can_be_typed(
    command: str, arguments: dict[str, Any], target: PlanTarget | None, shown: str
) -> None:
    plan = Plan(target, arguments=arguments, command=command, databases=request().plan.databases)
    pending: Request = request(command=command, plan=plan)

    assert shown in words(request_card(pending, CATALOGUE, now=NOON))
