"""Presses that are repeated, late, forged or by other people are answered privately. Each operation happens once."""

import asyncio

import pytest

from bot.core.requests.request import State
from bot.sandbox.workspace.model import Message
from tests.scenarios import forging
from tests.scenarios.policies import TWO_APPROVERS
from tests.scenarios.requesting import make_request, reaches, request_id, stored
from tests.security import stage
from tests.world import ANA, BEN, DANA, DB_OPS, GIL, ORDERS, REMY, STELLA, ZED, World, buttons, marked_up, until, words

pytestmark = pytest.mark.asyncio(loop_scope="module")


OWN_POLICY = TWO_APPROVERS


def rotations(world: World, name: str) -> int:
    """Return how many calls to rotate the tokens of a database Turso got."""
    return len(world.changes("POST", f"/databases/{name}/auth/rotate"))


async def test_a_double_click_counts_once_and_both_presses_are_answered(world: World) -> None:
    card = await make_request(world, "/turso rotate {} --reason leak")
    ana = world.person(ANA)
    before = {one.ts for one in ana.sees()}

    await asyncio.gather(ana.presses("Approve", card), ana.presses("Approve", card))

    def answers() -> list[Message]:
        return [one for one in ana.sees() if one.ts not in before and one.only_for == ANA]

    await until(lambda: len(answers()) == 2, what="two private answers")
    assert (await stored(world, card)).state is State.PENDING
    assert [vote.user_id for vote in (await stored(world, card)).votes] == [ANA]


async def test_a_quorum_of_two_needs_two_people_and_the_change_is_made_once(world: World) -> None:
    card = await make_request(world, "/turso rotate {} --reason leak")
    ana, remy = world.person(ANA), world.person(REMY)

    first = await ana.presses_and_reads("Approve", card)
    assert "1 of 2" in words(first)
    await world.wait_for_content(card, holding="1 of 2 approvals")
    second = await remy.presses_and_reads("Approve", card)
    assert "Approved." in words(second)

    found = await reaches(world, card, State.SUCCEEDED)
    assert found.plan.target is not None
    assert rotations(world, found.plan.target.name) == 1


async def test_approvals_at_the_same_moment_start_one_execution(world: World) -> None:
    card = await make_request(world, "/turso rotate {} --reason leak")

    await asyncio.gather(*(world.person(one).presses("Approve", card) for one in (ANA, BEN, REMY)))

    found = await reaches(world, card, State.SUCCEEDED)
    assert found.plan.target is not None
    assert rotations(world, found.plan.target.name) == 1


async def test_a_person_in_two_approving_groups_counts_once(world: World) -> None:
    card = await make_request(world, "/turso rotate {} --reason leak")

    for _ in range(2):
        await world.person(BEN).presses_and_reads("Approve", card)

    assert (await stored(world, card)).state is State.PENDING


async def test_a_late_approval_is_refused_but_a_denial_counts_until_the_token_is_minted(world: World) -> None:
    card = await make_request(world, "/turso token {} --reason migration")
    await world.person(ANA).presses_and_reads("Approve", card)
    assert (await stored(world, card)).state is State.READY

    late = await world.person(BEN).presses_and_reads("Approve", card)
    assert "Too late" in words(late)

    await world.person(BEN).presses("Deny", card)
    await world.person(BEN).submits({"comment": "not today"})
    await world.wait_for_content(card, holding="not today")
    await world.wait_until_idle()
    assert (await stored(world, card)).state is State.DENIED
    denied_late = await world.person(BEN).presses_and_reads("Deny", card)
    assert "Too late" in words(denied_late)


@pytest.mark.parametrize("person", [GIL, STELLA, ZED], ids=["a guest", "an outsider", "a deactivated person"])
async def test_a_forged_approval_by_a_person_who_may_not_approve_is_refused(world: World, person: str) -> None:
    card = await make_request(world, "/turso token {} --reason migration")

    answer = await forging.forge_press(world, person, "Approve", card)

    assert answer.only_for == person or answer.channel_id.startswith("D")
    assert (await stored(world, card)).state is State.PENDING
    assert not (await stored(world, card)).votes


@pytest.mark.parametrize("label", ["Approve", "Deny", "Withdraw"])
async def test_a_member_who_is_not_an_approver_may_not_decide(world: World, label: str) -> None:
    card = await make_request(world, "/turso token {} --reason migration")

    answer = await world.person(REMY).presses_and_reads(label, card)

    assert "Reference" in words(answer)
    assert (await stored(world, card)).state is State.PENDING


@pytest.mark.parametrize(
    "action_id",
    [
        "approval.approve",
        "approval.deny",
        "approval.withdraw",
        "request.confirm",
        "request.dismiss",
        "token.reveal",
        "quarantine.undo",
        "review.open",
        "approval.nuke",
        "form.open.nothing",
        "run.1",
        "page.1",
        "",
        "x" * 255,
    ],
)
@pytest.mark.parametrize("value", ["", "r-forged", "'; drop table requests;--", "<!channel>", "x" * 2000])
async def test_a_forged_button_is_answered_privately_and_changes_nothing(
    world: World, action_id: str, value: str
) -> None:
    before = stage.changing_calls(world)
    doing = forging.forge_click(world, DANA, action_id, value, message=world.card())

    answer = await forging.answer_to(world, DANA, doing)

    await world.wait_until_idle()
    assert answer.only_for == DANA
    assert "<!channel>" not in marked_up(answer)
    assert stage.changing_calls(world) == before


async def test_a_press_from_another_channel_than_the_requests_is_refused(world: World) -> None:
    card = await make_request(world, "/turso token {} --reason migration")

    doing = forging.forge_click(world, ANA, "approval.approve", request_id(card), channel=ORDERS)
    answer = await forging.answer_to(world, ANA, doing)

    assert "I can't find this request" in words(answer)
    assert (await stored(world, card)).state is State.PENDING


async def test_a_request_that_its_requester_withdrew_can_no_longer_be_approved(world: World) -> None:
    card = await make_request(world, "/turso rotate {} --reason leak")

    other = await world.person(ANA).presses_and_reads("Withdraw", card)
    assert "Only the requester" in words(other)
    done = await world.person(DANA).presses_and_reads("Withdraw", card)
    assert "Withdrawn" in words(done)

    await until(lambda: not buttons(world.current(card)), what="the card without buttons")
    late = await world.person(ANA).presses_and_reads("Approve", card)
    assert "Too late" in words(late)
    assert (await stored(world, card)).state is State.CANCELLED


async def test_the_requester_gets_the_comment_of_a_denial(world: World) -> None:
    card = await make_request(world, "/turso rotate {} --reason leak")
    ana = world.person(ANA)

    await ana.presses("Deny", card)
    before = {one.ts for one in ana.sees()}
    await ana.submits({"comment": "not during the sale <!channel> *now*"}, await ana.modal("Reason"))
    assert "Denied. Nothing was changed" in words(await ana.reads_answer(DB_OPS, before))

    found = await reaches(world, card, State.DENIED)
    assert found.votes[-1].comment.startswith("not during the sale")
    shown = await world.wait_for_content(card, holding="not during the sale")
    assert "<!channel>" not in marked_up(shown)
    assert "Approve" not in buttons(shown)

    def is_mentioned() -> bool:
        below = [words(one) for one in world.person(DANA).sees() if one.thread_ts == card.ts]
        return any(f"<@{DANA}>" in one and "not during the sale" in one for one in below)

    await until(is_mentioned, what="a mention of the requester, with the comment, in the thread of the card")


async def test_a_request_that_no_one_decides_expires_and_its_requester_is_notified(world: World) -> None:
    card = await make_request(world, "/turso protect {} on")
    await world.pass_time(seconds=31)

    await reaches(world, card, State.EXPIRED)

    await until(lambda: "Approve" not in buttons(world.current(card)), what="the card without its buttons")
    assert "No one approved or denied it in time" in words(world.current(card))
    late = await world.person(BEN).presses_and_reads("Approve", card)
    assert "Too late" in words(late)
    assert any(one.thread_ts == card.ts and f"<@{DANA}>" in words(one) for one in world.person(DANA).sees())


async def test_an_expired_request_with_one_of_two_approvals_is_reported_to_have_too_few(world: World) -> None:
    card = await make_request(world, "/turso rotate {} --reason leak")
    await world.person(ANA).presses_and_reads("Approve", card)

    await world.pass_time(minutes=31)

    assert (await reaches(world, card, State.EXPIRED)).outcome == "It didn't get enough approvals in time."
    await world.wait_for_content(card, holding="It didn't get enough approvals in time.")


async def test_a_request_that_is_not_confirmed_in_time_is_reported_as_not_confirmed(world: World) -> None:
    await world.create_databases("not-confirmed")
    question = await world.person(REMY).types("/turso freeze not-confirmed", holding="Do you want to freeze")

    await world.pass_time(minutes=16)

    assert (await reaches(world, question, State.EXPIRED)).outcome == "It wasn't confirmed in time."


async def test_a_token_that_is_not_revealed_in_time_is_never_created(world: World) -> None:
    card = await make_request(world, "/turso token {} --reason migration")
    await world.person(ANA).presses_and_reads("Approve", card)
    name = (await stored(world, card)).plan.target.name  # type: ignore[union-attr]
    ready = await world.wait_for_content(card, button="Reveal")

    await world.pass_time(minutes=16)
    late = await world.person(DANA).presses_and_reads("Reveal", ready)

    assert "eyJ" not in words(late)
    await reaches(world, card, State.EXPIRED)
    assert not world.changes("POST", f"/databases/{name}/auth/tokens")


async def test_a_reveal_pressed_twice_shows_one_token(world: World) -> None:
    card = await make_request(world, "/turso token {} --reason migration")
    await world.person(ANA).presses_and_reads("Approve", card)
    found = await stored(world, card)
    assert found.plan.target is not None
    ready = await world.wait_for_content(card, button="Reveal")
    dana = world.person(DANA)
    before = {one.ts for one in dana.sees()}

    await asyncio.gather(dana.presses("Reveal", ready), dana.presses("Reveal", ready))

    def answers() -> list[Message]:
        return [one for one in dana.sees() if one.ts not in before and one.only_for == DANA]

    await until(lambda: len(answers()) == 2, what="two private answers")
    assert sum("eyJ" in words(one) for one in answers()) == 1
    assert len(world.changes("POST", f"/databases/{found.plan.target.name}/auth/tokens")) == 1


async def test_the_vote_of_a_person_who_may_no_longer_approve_does_not_count(world: World) -> None:
    card = await make_request(world, "/turso rotate {} --reason leak")
    await world.person(REMY).presses_and_reads("Approve", card)
    try:
        await world.workspace.admin.set_group("S0RESPOND", [BEN])
        answer = await world.person(ANA).presses_and_reads("Approve", card)
        assert "1 of 2" in words(answer)
        assert (await stored(world, card)).state is State.PENDING
    finally:
        await world.workspace.admin.set_group("S0RESPOND", [BEN, REMY])


async def test_only_the_requester_can_confirm_or_cancel(world: World) -> None:
    remy = world.person(REMY)
    question = await make_request(world, "/turso freeze {} --for 30m", by=REMY)
    assert question.only_for == REMY
    name = (await stored(world, question)).plan.target.name  # type: ignore[union-attr]

    stolen = await forging.answer_to(
        world, DANA, forging.forge_click(world, DANA, "request.confirm", request_id(question), message=world.card())
    )
    assert "Only the requester can confirm" in words(stolen)
    cancelled = await forging.answer_to(
        world, DANA, forging.forge_click(world, DANA, "request.dismiss", request_id(question), message=world.card())
    )
    assert "Only the requester can cancel" in words(cancelled)
    await remy.presses("Cancel", question)
    await reaches(world, question, State.CANCELLED)
    late = await forging.answer_to(
        world, REMY, forging.forge_click(world, REMY, "request.confirm", request_id(question), message=world.card())
    )

    assert "Too late" in words(late)
    assert not world.changes("PATCH", f"/databases/{name}/configuration")


async def test_a_confirmed_freeze_blocks_writes_and_says_so(world: World) -> None:
    question = await make_request(world, "/turso freeze {} --for 30m", by=REMY)
    name = (await stored(world, question)).plan.target.name  # type: ignore[union-attr]

    await world.person(REMY).presses("Freeze writes", question)

    await reaches(world, question, State.SUCCEEDED)
    assert len(world.changes("PATCH", f"/databases/{name}/configuration")) == 1
    await until(lambda: world.card(holding=f"Writes to *{name}* are blocked"), what="the outcome")


async def test_markup_in_a_reason_is_not_interpreted_on_the_card(world: World) -> None:
    line = '/turso rotate {} --reason "<!channel> ask <@U0ZED> *Approved* `x` <https://evil.example|Approve>"'

    card = await make_request(world, line)

    shown = marked_up(card)
    assert "Approved" in shown
    assert "<!channel>" not in shown
    assert f"<@{ZED}>" not in shown
    assert "<https://evil.example|Approve>" not in shown
    assert "*Approved*" not in shown


async def test_a_press_whose_trigger_has_expired_is_answered_with_a_hint_to_press_again(world: World) -> None:
    assert world.bot is not None
    card = await make_request(world, "/turso db destroy {} --now --reason old")
    entries = (await world.bot.store.audit.head())[0]
    world.workspace.faults.add("api_error", "views.open", error="expired_trigger_id", times=1)

    answer = await world.person(ANA).presses_and_reads("Approve", card)

    assert "Press the button again" in words(answer)
    assert (await world.bot.store.audit.head())[0] == entries, "no refusal was recorded"
    await world.person(ANA).presses("Approve", card)
    assert await world.person(ANA).modal("type the name")
