"""A delegate votes in an approver's place: within the policy, for a limited time, and with one vote for both."""

from typing import Any

import pytest

from bot.core.requests.request import State
from bot.pipeline.approval import presses, votes
from tests.authorization.lost import clear_caches, out_of_the_channel
from tests.incidents.test_home import home
from tests.scenarios import forging
from tests.scenarios.absences import OWN_POLICY as OWN_POLICY
from tests.scenarios.absences import answer_to, away
from tests.scenarios.absences import restored as restored
from tests.scenarios.requesting import make_request, reaches, stored
from tests.world import ANA, BEN, DANA, DB_OPS, REMY, World, marked_up, set_policy, until, words

pytestmark = pytest.mark.asyncio(loop_scope="module")
LINE = "/turso freeze {} --reason load"


async def test_the_delegate_approves_and_the_card_says_for_whom(world: World) -> None:
    answer = await away(world)
    assert f"<@{BEN}> can approve for <@{ANA}> until" in marked_up(answer)
    card = await make_request(world, LINE)
    assert f"Needs 1 approval: <@{BEN}> (for <@{ANA}>)." in marked_up(card)
    assert f"cc <@{ANA}>" not in marked_up(card)

    await world.person(BEN).presses("Approve", card)

    request = await reaches(world, card, State.SUCCEEDED)
    assert [(one.user_id, one.on_behalf_of) for one in request.votes] == [(BEN, ANA)]
    assert f"approved by <@{BEN}> (for <@{ANA}>)" in marked_up(
        await world.wait_for_content(card, holding="approved by")
    )
    assert world.bot is not None
    page = await world.bot.store.audit.page(before_seq=None, limit=50)
    (line,) = [one for _, one in page if one.request_id == request.id and one.event == "approved"]
    assert (line.user_id, line.detail["on_behalf_of"]) == (BEN, ANA)


async def test_the_approver_who_is_away_can_still_approve(world: World) -> None:
    await away(world)
    card = await make_request(world, LINE)
    await world.person(ANA).presses("Approve", card)
    request = await reaches(world, card, State.SUCCEEDED)
    assert request.votes[0].on_behalf_of == ""


async def test_a_delegation_ends_by_itself(world: World) -> None:
    await away(world, until_="30m")
    card = await make_request(world, LINE)
    await world.pass_time(minutes=31)

    answer = await world.person(BEN).presses_and_reads("Approve", card)

    assert "You aren't an approver for this request." in words(answer)
    assert "You aren't away." in await answer_to(world, "/turso away off")


async def test_a_delegation_that_ends_before_the_start_stops_the_request(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await away(world)
    card = await make_request(world, LINE)
    real = presses.start_approved

    async def and_then_it_ends(*arguments: Any) -> Any:
        assert world.bot is not None
        await world.bot.store.delegations.drop(ANA)
        return await real(*arguments)

    monkeypatch.setattr(votes, "start_approved", and_then_it_ends)
    await world.person(BEN).presses("Approve", card)

    request = await reaches(world, card, State.STALE)
    assert "Someone who approved this is no longer allowed to approve it." in request.outcome


@pytest.mark.parametrize(
    ("was", "is_"),
    [
        pytest.param("dba: {users: [U0ANA]", "dba: {users: [U0REMY]", id="the approver no longer approves"),
        pytest.param("may_delegate_to: [deputies]", "may_delegate_to: ['user:U0REMY']", id="the policy forbids it"),
    ],
)
async def test_the_current_policy_decides_about_a_delegation(world: World, was: str, is_: str) -> None:
    await away(world)
    card = await make_request(world, LINE)
    set_policy(world, OWN_POLICY.replace(was, is_))

    answer = await world.person(BEN).presses_and_reads("Approve", card)

    assert "You aren't an approver for this request." in words(answer)


async def test_a_delegate_does_not_approve_their_own_request(world: World) -> None:
    await away(world)
    card = await make_request(world, LINE, by=BEN)
    assert f"Needs 1 approval: <@{ANA}>." in marked_up(card)
    before = {one.ts for one in world.person(BEN).sees(DB_OPS)}
    await world.workspace.click(BEN, message=card, action_id="approval.approve")
    assert "You can't approve or deny your own request." in words(await world.person(BEN).reads_answer(DB_OPS, before))


async def test_a_delegate_of_a_person_who_is_not_an_approver_is_not_one_either(world: World) -> None:
    await away(world, DANA, REMY)
    card = await make_request(world, "/turso freeze {} --reason mine", by=DANA)
    answer = await world.person(REMY).presses_and_reads("Approve", card)
    assert "You aren't an approver for this request." in words(answer)


async def test_the_delegate_of_an_approver_cannot_decide_on_that_approvers_request(world: World) -> None:
    set_policy(world, OWN_POLICY.replace("freeze, by: dba", "freeze, by: [dba, second]"))
    await away(world, ANA, REMY)
    card = await make_request(world, "/turso freeze {} --reason mine", by=ANA)
    answer = await world.person(REMY).presses_and_reads("Approve", card)
    assert "You aren't an approver for this request." in words(answer)


async def test_a_delegate_cannot_delegate_further(world: World) -> None:
    assert world.bot is not None
    set_policy(world, OWN_POLICY.replace("deputies: {users", "deputies: {may_delegate_to: 'user:U0REMY', users"))
    await away(world, ANA, BEN)
    await away(world, BEN, REMY)
    card = await make_request(world, LINE)

    answer = await world.person(REMY).presses_and_reads("Approve", card)

    assert "You aren't an approver for this request." in words(answer)


async def test_a_delegate_and_their_approver_have_one_vote_together(world: World) -> None:
    await away(world)
    card = await make_request(world, "/turso db protect {} on --reason due", by=REMY)
    await world.person(BEN).presses_and_reads("Approve", card)
    answer = await world.person(ANA).presses_and_reads("Approve", card)
    assert "1 of 2 approvals so far." in words(answer)
    assert (await stored(world, card)).state is State.PENDING

    await world.person(DANA).presses("Approve", card)
    await reaches(world, card, State.SUCCEEDED)


async def test_one_vote_of_two_approvers_delegate_counts_once(world: World) -> None:
    await away(world, ANA, BEN)
    await away(world, DANA, BEN)
    card = await make_request(world, "/turso db protect {} on --reason due", by=REMY)
    answer = await world.person(BEN).presses_and_reads("Approve", card)
    assert "1 of 2 approvals so far." in words(answer)


async def test_a_delegate_can_vote_again_for_another_person_after_the_first_delegation_has_ended(world: World) -> None:
    await away(world)
    card = await make_request(world, "/turso db protect {} on --reason due", by=REMY)
    await world.person(BEN).presses_and_reads("Approve", card)
    await world.person(ANA).types("/turso away off", holding="no longer")
    await away(world, DANA, BEN)

    answer = await world.person(BEN).presses_and_reads("Approve", card)

    assert "1 of 2 approvals so far." in words(answer)
    assert [(one.user_id, one.on_behalf_of) for one in (await stored(world, card)).votes] == [(BEN, DANA)]
    await world.person(ANA).presses("Approve", card)
    await reaches(world, card, State.SUCCEEDED)


async def test_the_card_counts_only_votes_that_count_now(world: World) -> None:
    await away(world)
    card = await make_request(world, "/turso db protect {} on --reason due", by=REMY)
    await world.person(BEN).presses_and_reads("Approve", card)
    await world.person(ANA).types("/turso away off", holding="no longer")

    answer = await world.person(DANA).presses_and_reads("Approve", card)

    assert "1 of 2 approvals so far." in words(answer)
    assert f"1 of 2 approvals (<@{DANA}>). Needs 1 more approval: <@{ANA}>." in marked_up(world.current(card))


async def test_the_newest_delegate_counts_and_the_one_before_does_not(world: World) -> None:
    await away(world)
    await away(world, ANA, REMY)
    card = await make_request(world, LINE)
    assert "You aren't an approver" in words(await world.person(BEN).presses_and_reads("Approve", card))
    await world.person(REMY).presses("Approve", card)
    await reaches(world, card, State.SUCCEEDED)


async def test_a_delegate_outside_the_channel_decides_nothing(world: World) -> None:
    await away(world)
    card = await make_request(world, LINE)
    with out_of_the_channel(world, BEN):
        answer = await forging.forge_press(world, BEN, "Approve", card)
    assert "You are not in the request's channel" in words(answer)
    assert (await stored(world, card)).votes == ()


async def test_a_delegate_may_deny_and_the_card_says_for_whom(world: World) -> None:
    assert world.bot is not None
    await away(world)
    card = await make_request(world, LINE)
    await world.person(BEN).presses("Deny", card)
    await world.person(BEN).submits({"comment": "not now"})

    request = await reaches(world, card, State.DENIED)
    await world.wait_for_content(card, holding=f"Denied by <@{BEN}> (for <@{ANA}>)")
    page = await world.bot.store.audit.page(before_seq=None, limit=50)
    (line,) = [one for _, one in page if one.request_id == request.id and one.event == "denied"]
    assert (line.user_id, line.detail["on_behalf_of"]) == (BEN, ANA)


async def test_a_person_who_approved_may_still_deny(world: World) -> None:
    card = await make_request(world, "/turso db protect {} on --reason due", by=REMY)
    await world.person(ANA).presses_and_reads("Approve", card)
    await world.person(ANA).presses("Deny", card)
    await world.person(ANA).submits({"comment": "I was wrong"})

    request = await reaches(world, card, State.DENIED)
    assert [(one.user_id, one.approves, one.comment) for one in request.votes] == [(ANA, False, "I was wrong")]
    after = marked_up(await world.wait_for_content(card, holding="Denied by"))
    assert f"Denied by <@{ANA}>" in after
    assert "approved by" not in after


async def test_a_delegate_of_two_approvers_votes_for_the_one_who_has_not_approved(world: World) -> None:
    await away(world, ANA, BEN)
    await away(world, DANA, BEN)
    card = await make_request(world, "/turso db protect {} on --reason due", by=REMY)
    await world.person(ANA).presses_and_reads("Approve", card)

    await world.person(BEN).presses("Approve", card)

    request = await reaches(world, card, State.SUCCEEDED)
    assert sorted((one.user_id, one.on_behalf_of) for one in request.votes) == [(ANA, ""), (BEN, DANA)]


async def test_a_vote_that_started_a_countdown_counts_at_its_end_although_the_delegation_has_ended(
    world: World,
) -> None:
    await away(world, until_="1h")
    card = await make_request(world, "/turso db destroy {} --reason gone")
    await world.person(BEN).presses("Approve", card)
    await reaches(world, card, State.QUARANTINED)
    await world.pass_time(hours=2, minutes=1)
    await reaches(world, card, State.SUCCEEDED)


async def test_a_reminder_notifies_the_delegate_as_well(world: World) -> None:
    await away(world)
    card = await make_request(world, LINE)
    await world.person(DANA).presses_and_reads("Remind", card)

    def reminder() -> Any:
        messages = world.workspace.history(DB_OPS, None)
        return next((one for one in messages if one.thread_ts == card.ts and ":bell:" in words(one)), None)

    assert f"<@{ANA}> <@{BEN}>" in marked_up(await until(reminder, what="the reminder"))


@pytest.mark.parametrize("why", ["the policy forbids it", "outside the channel", "the delegation is over"])
async def test_a_reminder_does_not_notify_a_delegate_who_cannot_decide(world: World, why: str) -> None:
    await away(world, until_="30m")
    card = await make_request(world, LINE)
    if why == "the policy forbids it":
        set_policy(world, OWN_POLICY.replace("may_delegate_to: [deputies]", "may_delegate_to: ['user:U0REMY']"))
    elif why == "the delegation is over":
        await world.pass_time(minutes=31)

    with out_of_the_channel(world, BEN if why == "outside the channel" else "nobody"):
        clear_caches(world)
        await world.person(DANA).presses_and_reads("Remind", card)
        await world.wait_until_idle()
    clear_caches(world)

    answers = [one for one in world.workspace.history(DB_OPS, None) if one.thread_ts == card.ts]
    reminders = " ".join(marked_up(one) for one in answers if ":bell:" in words(one))
    assert (f"<@{ANA}>" in reminders, f"<@{BEN}>" in reminders) == (True, False)


async def test_a_request_is_listed_again_for_a_person_whose_vote_no_longer_counts(world: World) -> None:
    await away(world)
    card = await make_request(world, "/turso db protect {} on --reason due", by=REMY)
    request = await stored(world, card)

    async def lists() -> list[bool]:
        listed = await world.person(BEN).types("/turso requests --to-approve", holding="you can approve")
        return [request.id in words(listed), request.id in words(await home(world, BEN))]

    assert await lists() == [True, True]
    await world.person(BEN).presses_and_reads("Approve", card)
    assert await lists() == [False, False]
    await world.person(ANA).types("/turso away off", holding="no longer")
    assert await lists() == [False, False], "Ben isn't an approver now"
    await away(world, DANA, BEN)
    assert await lists() == [True, True]


async def test_the_delegate_finds_the_request_in_the_list(world: World) -> None:
    await away(world)
    card = await make_request(world, LINE)
    request = await stored(world, card)
    assert request.id in words(await world.person(BEN).types("/turso requests --to-approve", holding="freeze"))
