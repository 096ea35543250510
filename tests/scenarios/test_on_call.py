"""Only the people who are on call at that moment count as approvers, at the vote and at the start.

If the on-call service doesn't respond, nobody counts as on call.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from bot.core.records.timers import Timer, TimerKind
from bot.core.requests.request import State
from bot.errors import Unavailable
from bot.pipeline.approval import presses, votes
from bot.pipeline.timers.due import fire
from bot.sandbox.oncall.roster import ANA as THEIR_ANA
from bot.sandbox.oncall.roster import BEN as THEIR_BEN
from bot.sandbox.oncall.roster import SECOND_SCHEDULE, Shift
from tests.policies import ACME
from tests.scenarios.requesting import make_request, reaches, stored
from tests.world import ANA, BEN, DANA, DB_OPS, REMY, World, marked_up, set_policy, until, words

pytestmark = pytest.mark.asyncio(loop_scope="module")
OWN_POLICY = (
    ACME
    + """\
oncall_users:
  pagerduty: {PANA001: U0ANA, PBEN002: U0BEN}
people:
  on_call: {oncall: {provider: pagerduty, schedule: PDBA100, risk: medium}}
  lead: {oncall: {provider: pagerduty, schedule: PLEAD20}}
  any_risk: {oncall: {provider: pagerduty, schedule: PDBA100}}
channels:
  C0DBOPS:
    databases: ["*"]
    rules:
      - {allow: read}
      - approve: [freeze, rotate]
        by: on_call
        confirm: none
        notify: on_call
        escalate_to: [lead, "user:U0REMY"]
        expires: 2h
      - {break_glass: protect, review_by: "user:U0REMY", notify: on_call}
      - {approve: destroy, by: any_risk, confirm: none, countdown: 2h}
"""
)
LINE = "/turso freeze {} --reason load"


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def first_shift(world: World) -> AsyncIterator[None]:
    """Put Ana on call, and restore the policy. Afterwards, let the on-call service work again."""
    set_policy(world, OWN_POLICY)
    shift(world, THEIR_ANA)
    await world.pass_time(minutes=2)
    yield
    world.roster.status, world.roster.seconds = 0, 0.0


def shift(world: World, *users: str) -> None:
    """Change who is on call, and empty the bot's cache of it, as if a minute had passed."""
    world.roster.shifts = [Shift(one) for one in users]
    forget(world)


def forget(world: World) -> None:
    """Empty the bot's cache of who is on call, and of failed lookups."""
    assert world.bot is not None
    directory: Any = world.bot.env.directory
    for key in world.bot.env.rules.policy.groups:
        directory._schedules._cache.forget(key)
        directory._schedules._silent.pop(key, None)


async def frozen(world: World, card: Any) -> bool:
    """Return True if the store has a hold on the database of a card's request."""
    request = await stored(world, card)
    assert request.plan.target is not None
    return bool(await world.bot.store.holds.find(database=request.plan.target.name)) if world.bot else False


async def next_reminder(world: World, card: Any) -> None:
    """Wait until the next reminder is scheduled, which happens after the previous one was processed."""
    assert world.bot is not None
    request, years = await stored(world, card), timedelta(days=400)
    async with asyncio.timeout(20):
        while True:
            every = await world.bot.store.timers.due(world.clock.now() + years, limit=1000)
            mine = [one.due_at for one in every if (one.kind, one.subject) == (TimerKind.REMIND, request.id)]
            if mine and mine[0] > world.clock.now():
                return
            await asyncio.sleep(0.02)


async def test_the_card_names_and_notifies_the_person_on_call(world: World) -> None:
    card = await make_request(world, LINE)
    assert f"Needs 1 approval: <@{ANA}>." in marked_up(card)
    assert BEN not in marked_up(card)
    assert "oncall:" not in marked_up(card)
    assert "PDBA100" not in words(card)


async def test_the_person_on_call_approves(world: World) -> None:
    card = await make_request(world, LINE)
    await world.person(ANA).presses("Approve", card)
    await reaches(world, card, State.SUCCEEDED)


async def test_after_a_change_of_shift_the_new_person_approves_and_the_previous_one_may_not(world: World) -> None:
    card = await make_request(world, LINE)
    world.roster.shifts = [Shift(THEIR_BEN)]  # the bot's cache still says that Ana is on call

    refused = await world.person(ANA).presses_and_reads("Approve", card)
    assert "You aren't an approver for this request." in words(refused)
    assert (await stored(world, card)).votes == ()

    await world.person(BEN).presses("Approve", card)
    await reaches(world, card, State.SUCCEEDED)


async def test_a_change_of_shift_before_the_start_stops_the_request(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = await make_request(world, LINE)
    real = presses.start_approved

    async def and_then_the_shift_changes(*arguments: Any) -> Any:
        world.roster.shifts = [Shift(THEIR_BEN)]
        return await real(*arguments)

    monkeypatch.setattr(votes, "start_approved", and_then_the_shift_changes)
    await world.person(ANA).presses("Approve", card)

    request = await reaches(world, card, State.STALE)
    assert "Someone who approved this is no longer allowed to approve it. Nothing was changed." in request.outcome
    assert not await frozen(world, card)


@pytest.mark.parametrize("fault", ["down", "slow"])
async def test_while_the_on_call_service_does_not_answer_a_vote_is_refused_with_the_reason(
    world: World, fault: str
) -> None:
    card = await make_request(world, LINE)
    world.roster.status, world.roster.seconds = (503, 0.0) if fault == "down" else (0, 60.0)

    refused = await world.person(ANA).presses_and_reads("Approve", card)

    said = "I couldn't look up who is on call in PagerDuty. Nothing was changed. Try again in a moment."
    assert said in words(refused)
    assert (await stored(world, card)).votes == ()
    world.roster.status, world.roster.seconds = 0, 0.0
    await world.person(ANA).presses("Approve", card)
    await reaches(world, card, State.SUCCEEDED)


async def test_while_the_on_call_service_does_not_answer_no_request_is_made(world: World) -> None:
    world.roster.status = 503
    forget(world)
    await world.create_databases("unasked")

    refused = await world.person(DANA).types("/turso freeze unasked --reason load")

    assert "I couldn't look up who is on call in PagerDuty. Try again in a moment." in words(refused)
    assert world.bot is not None
    assert not [one for one in await world.bot.store.requests.find(states=list(State)) if "unasked" in one.line]
    assert world.card(holding="unasked") is None


async def test_while_the_on_call_service_does_not_answer_the_card_says_so(world: World) -> None:
    card = await make_request(world, LINE)
    world.roster.status = 503
    forget(world)
    await world.pass_time(minutes=12)  # a reminder is due, which updates the card

    shown = await world.wait_for_content(card, holding="no one on call can approve")
    said = "I couldn't look up who is on call in PagerDuty, so no one on call can approve at the moment."
    assert said in words(shown)


async def test_while_the_on_call_service_does_not_answer_an_approved_request_waits(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = await make_request(world, LINE)
    real = presses.start_approved

    async def and_then_the_service_fails(*arguments: Any) -> Any:
        world.roster.status = 503
        return await real(*arguments)

    monkeypatch.setattr(votes, "start_approved", and_then_the_service_fails)
    await world.person(ANA).presses("Approve", card)
    calls = len(world.roster.calls)
    await until(lambda: len(world.roster.calls) > calls + 2, what="attempts to start")
    assert (await stored(world, card)).state is State.APPROVED
    assert not await frozen(world, card)

    world.roster.status = 0
    await reaches(world, card, State.SUCCEEDED)


@pytest.mark.parametrize("later", ["another shift", "no answer"])
async def test_at_the_end_of_a_countdown_the_vote_of_an_earlier_shift_still_counts(world: World, later: str) -> None:
    card = await make_request(world, "/turso db destroy {} --reason gone")
    await world.person(ANA).presses("Approve", card)
    request = await reaches(world, card, State.QUARANTINED)
    assert [one.schedules for one in request.votes] == ["oncall:pagerduty:schedule:PDBA100"]

    shift(world, THEIR_BEN)
    world.roster.status = 503 if later == "no answer" else 0
    await world.pass_time(hours=2, minutes=1)

    await reaches(world, card, State.SUCCEEDED)


async def test_a_person_without_a_slack_id_is_no_approver(world: World) -> None:
    shift(world, "PNEW999", THEIR_BEN)
    card = await make_request(world, LINE)
    assert f"Needs 1 approval: <@{BEN}>." in marked_up(card)
    assert "PNEW999" not in words(card)


async def test_a_schedule_limited_to_a_risk_has_no_approver_for_a_higher_risk(world: World) -> None:
    await world.create_databases("risky")
    refused = await world.person(DANA).types("/turso rotate risky --reason leak")
    assert "This needs 1 approval from on_call. No one other than you can approve it at the moment." in words(refused)


async def test_a_reminder_notifies_the_person_on_call_at_that_time(world: World) -> None:
    card = await make_request(world, LINE)
    shift(world, THEIR_BEN)

    await world.person(DANA).presses_and_reads("Remind", card)

    def reminder() -> Any:
        said = world.workspace.history(DB_OPS, None)
        return next((one for one in said if one.thread_ts == card.ts and ":bell:" in words(one)), None)

    assert f"<@{BEN}>" in marked_up(await until(reminder, what="the reminder"))
    assert f"<@{ANA}>" not in marked_up(reminder())


@pytest.mark.parametrize("why", ["no answer", "nobody"])
async def test_a_reminder_is_posted_only_while_somebody_is_known_to_be_on_call(world: World, why: str) -> None:
    assert world.bot is not None
    env, card = world.bot.env, await make_request(world, LINE)
    await world.wait_until_idle()  # until the bot has stored where it posted the card
    timer = Timer(TimerKind.REMIND, (await stored(world, card)).id, env.clock.now(), attempt=1)

    def below() -> list[str]:
        return [marked_up(one) for one in world.workspace.history(DB_OPS, None) if one.thread_ts == card.ts]

    shift(world)
    world.roster.status = 503 if why == "no answer" else 0
    if why == "nobody":
        assert await fire(env, timer) is not None
    else:
        with pytest.raises(Unavailable, match="I couldn't look up who is on call in PagerDuty"):
            await fire(env, timer)
        following = await fire(env, replace(timer, failures=5))
        assert following is not None, "the next level is notified even if the service keeps failing"
        assert following.attempt == 2
    assert below() == []

    world.roster.status = 0
    shift(world, THEIR_BEN)
    await fire(env, timer)
    (reminder,) = below()
    assert f":bell: <@{BEN}>: <@{DANA}>" in reminder


async def test_the_person_on_call_is_notified_of_a_break_glass_operation_when_the_on_call_service_answers(
    world: World,
) -> None:
    assert world.bot is not None
    await world.create_databases("alarming")
    world.roster.status = 503
    await world.person(DANA).types("/turso protect alarming on --reason fire", holding="alarming")
    await world.wait_until_idle()

    def alarms() -> list[str]:
        channel = world.workspace.state.direct_channel(ANA)
        return [words(one) for one in world.workspace.history(channel.id, ANA) if "alarming" in words(one)]

    request = next(one for one in await world.bot.store.requests.find(states=[State.SUCCEEDED]) if one.reason == "fire")
    alarm = Timer(TimerKind.ALARM, request.id, world.clock.now())
    with pytest.raises(Unavailable, match="I couldn't look up who is on call in PagerDuty"):
        await fire(world.bot.env, alarm)
    assert alarms() == []
    world.roster.status = 0
    forget(world)
    for _ in range(2):
        await fire(world.bot.env, alarm)
    assert len(alarms()) == 1


async def test_each_reminder_also_notifies_the_next_escalation_level(world: World) -> None:
    assert world.bot is not None
    world.roster.shifts = [Shift(THEIR_ANA), Shift(THEIR_BEN, SECOND_SCHEDULE, 2)]
    forget(world)
    card = await make_request(world, LINE)

    def notified() -> list[set[str]]:
        said = world.workspace.history(DB_OPS, None)
        mine = [marked_up(one) for one in said if one.thread_ts == card.ts and ":bell:" in words(one)]
        return [{one for one in (ANA, BEN, REMY) if f"<@{one}>" in text} for text in mine]

    for minutes, count in ((11, 1), (21, 2), (41, 3)):
        await next_reminder(world, card)
        await world.pass_time(minutes=minutes)
        await until(lambda count=count: len(notified()) >= count, what=f"reminder {count}")  # type: ignore[misc]
    assert notified() == [{ANA}, {ANA, BEN}, {ANA, BEN, REMY}]


async def reminder_text(world: World, card: Any, attempt: int) -> str:
    """Send a reminder, and return its text."""
    assert world.bot is not None
    await world.wait_until_idle()  # until the bot has stored where it posted the card
    timer = Timer(TimerKind.REMIND, (await stored(world, card)).id, world.clock.now(), attempt=attempt)
    await fire(world.bot.env, timer)
    said = [one for one in world.workspace.history(DB_OPS, None) if one.thread_ts == card.ts]
    return next(text for one in reversed(said) if ":bell:" in (text := marked_up(one)))


async def test_a_vote_that_no_longer_counts_does_not_stop_the_escalation(world: World) -> None:
    policy = OWN_POLICY.replace("by: on_call\n", "by: [on_call, lead]\n        quorum: 2\n", 1)
    set_policy(world, policy.replace("U0BEN}", "U0BEN, PREMY03: U0REMY}"))
    world.roster.shifts = [Shift(THEIR_ANA), Shift(THEIR_BEN, SECOND_SCHEDULE, 2)]
    forget(world)
    card = await make_request(world, LINE)
    await world.person(ANA).presses_and_reads("Approve", card)
    assert f"<@{BEN}>" not in await reminder_text(world, card, 2)

    world.roster.shifts[0] = Shift("PREMY03")
    forget(world)

    assert f"<@{BEN}>" in await reminder_text(world, card, 3)


async def test_a_reminder_mentions_the_last_escalation_level_even_if_many_people_are_notified(world: World) -> None:
    many = ", ".join(f'"user:U0MANY{number}"' for number in range(12))
    set_policy(world, OWN_POLICY.replace("notify: on_call\n        escalate", f"notify: [{many}]\n        escalate", 1))
    card = await make_request(world, LINE)

    assert f"<@{REMY}>" in await reminder_text(world, card, 3)


@pytest.mark.parametrize("why", ["no answer", "nobody"])
async def test_a_request_is_escalated_while_nobody_is_known_to_be_on_call(world: World, why: str) -> None:
    card = await make_request(world, LINE)
    shift(world)
    world.roster.status = 503 if why == "no answer" else 0

    assert f"<@{REMY}>" in await reminder_text(world, card, 3)


async def test_a_requester_who_is_on_call_is_not_reminded_of_their_own_request(world: World) -> None:
    world.roster.shifts = [Shift(THEIR_ANA), Shift(THEIR_BEN)]
    forget(world)
    card = await make_request(world, LINE, by=ANA)

    assert f":bell: <@{BEN}>: <@{ANA}>" in await reminder_text(world, card, 1)


async def test_whoami_says_that_the_person_is_on_call(world: World) -> None:
    assert "You are on call, according to PagerDuty." in words(await world.person(ANA).types("/turso whoami"))
    assert "on call" not in words(await world.person(BEN).types("/turso whoami"))


async def test_doctor_names_people_without_a_slack_id_and_a_schedule_that_cannot_be_read(world: World) -> None:
    assert world.bot is not None
    found = {name: (well, said) for name, well, said in await world.bot.health.doctor()}
    assert found["on call"] == (True, "2 on-call schedules can be read.")
    shift(world, "PNEW999")
    well, said = {name: (well, said) for name, well, said in await world.bot.health.doctor()}["on call"]
    assert not well
    assert "`PNEW999` has no Slack ID in `oncall_users`" in said
    world.roster.status = 500
    well, said = {name: (well, said) for name, well, said in await world.bot.health.doctor()}["on call"]
    assert not well
    assert "PagerDuty: it responded with status 500" in said
