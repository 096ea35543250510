"""A card names the approvers. The requester may remind them, but not too often."""

import asyncio
from functools import partial

import pytest

from bot.sandbox.workspace.model import Message
from tests.scenarios.forging import private_messages
from tests.scenarios.requesting import make_request, stored
from tests.world import ANA, BEN, DANA, DB_OPS, ORDERS, World, buttons, marked_up, until, words

pytestmark = pytest.mark.asyncio(loop_scope="module")


def reminders(world: World, card: Message) -> list[Message]:
    """Return the reminders in the thread of a card."""
    messages = world.workspace.history(card.channel_id, None)
    return [one for one in messages if one.thread_ts == card.ts and ":bell:" in words(one)]


def direct(world: World, user_id: str) -> list[Message]:
    """Return the reminders sent to one person by direct message."""
    channel = world.workspace.state.direct_channel(user_id)
    return [one for one in world.workspace.history(channel.id, user_id) if "waiting for your approval" in words(one)]


async def test_a_card_names_everybody_who_may_approve(world: World) -> None:
    card = await make_request(world, "/turso rotate {} --reason leak")

    assert f"Needs 1 approval: <@{ANA}> or <@{BEN}>." in marked_up(card)
    assert "Expires" in words(card)


async def test_the_requester_can_remind_people_that_the_rule_notifies_once_in_ten_minutes(world: World) -> None:
    dana = world.person(DANA)
    card = await make_request(world, "/turso rotate {} --reason leak")

    answer = await dana.presses_and_reads("Remind", card)
    assert "The reminder was sent." in words(answer)
    (first,) = await until(lambda: reminders(world, card), what="the reminder")
    assert "<!subteam^S0DBA>" in marked_up(first)

    again = await dana.presses_and_reads("Remind", card)
    assert "A reminder was already sent." in words(again)
    assert len(reminders(world, card)) == 1
    await world.pass_time(minutes=10)
    await until(lambda: "Remind" in buttons(world.current(card)))
    before = len(reminders(world, card))
    assert "The reminder was sent." in words(await dana.presses_and_reads("Remind", card))
    await until(lambda: len(reminders(world, card)) > before, what="the second reminder")
    assert not direct(world, ANA)


async def test_a_reminder_of_a_private_request_is_shown_to_the_approvers_and_not_to_the_requester(world: World) -> None:
    card = await make_request(world, "/turso rotate {} --reason leak --private")
    name = (await stored(world, card)).plan.databases[0].name

    def reminded(user_id: str) -> list[Message]:
        return [one for one in private_messages(world, user_id) if ":bell:" in words(one) and name in words(one)]

    await world.pass_time(minutes=11)

    for one in (ANA, BEN):
        await until(partial(reminded, one), what=f"the reminder to {one}")
    await world.wait_until_idle()
    assert [len(reminded(one)) for one in (ANA, BEN, DANA)] == [1, 1, 0]


async def test_presses_of_remind_at_the_same_moment_send_one_reminder(world: World) -> None:
    card = await make_request(world, "/turso rotate {} --reason leak")

    await asyncio.gather(*(world.person(DANA).presses("Remind", card) for _ in range(5)))
    await world.wait_until_idle()

    assert len(reminders(world, card)) == 1


async def test_only_the_requester_can_remind(world: World) -> None:
    card = await make_request(world, "/turso rotate {} --reason leak")

    refused = await world.person(ANA).presses_and_reads("Remind", card)

    assert "Only the requester can send a reminder." in words(refused)
    assert not reminders(world, card)


async def test_where_the_rule_notifies_no_one_each_approver_gets_a_direct_message(world: World) -> None:
    await world.create_databases("orders-reminded")
    card = await world.person(DANA).types(
        "/turso token orders-reminded --reason work", ORDERS, holding="orders-reminded"
    )

    await world.person(DANA).presses_and_reads("Remind", card)

    for one in (ANA, BEN):
        (message,) = await until(partial(direct, world, one), what=f"a direct message to {one}")
        assert "orders-reminded" in words(message)
    assert not reminders(world, card)


async def test_no_reminder_is_sent_for_a_request_that_has_ended(world: World) -> None:
    assert world.bot is not None
    card = await make_request(world, "/turso rotate {} --reason leak")
    request = await stored(world, card)
    await world.person(DANA).presses_and_reads("Withdraw", card)

    before = {one.ts for one in world.person(DANA).sees(DB_OPS)}
    await world.workspace.click(DANA, message=card, action_id="approval.remind")
    answer = await world.person(DANA).reads_answer(DB_OPS, before)

    assert "There is no one to remind" in words(answer)
    page = await world.bot.store.audit.page(before_seq=None, limit=50)
    mine = [one for _, one in page if one.request_id == request.id]
    assert not [one for one in mine if one.event == "reminded"]


async def test_a_reminder_is_audited(world: World) -> None:
    assert world.bot is not None
    card = await make_request(world, "/turso rotate {} --reason leak")
    await world.person(DANA).presses_and_reads("Remind", card)

    request = await stored(world, card)
    page = await world.bot.store.audit.page(before_seq=None, limit=50)
    (line,) = [one for _, one in page if one.request_id == request.id and one.event == "reminded"]
    assert (line.user_id, line.outcome) == (DANA, "sent")


async def test_a_reminder_that_slack_rejects_is_reported_as_not_sent(world: World) -> None:
    card = await make_request(world, "/turso rotate {} --reason leak")
    fault = world.workspace.faults.add("api_error", "chat.postMessage", error="fatal_error")
    try:
        answer = await world.person(DANA).presses_and_reads("Remind", card)
    finally:
        world.workspace.faults.remove(fault)

    assert "Slack didn't accept the reminder. Ask them yourself." in words(answer)


async def test_other_approvers_are_reminded_even_if_one_cannot_be_reached(world: World) -> None:
    await world.create_databases("orders-one-of-two")
    card = await world.person(DANA).types(
        "/turso token orders-one-of-two --reason work", ORDERS, holding="orders-one-of-two"
    )
    world.workspace.faults.add("api_error", "chat.postMessage", error="fatal_error", times=1)

    answer = await world.person(DANA).presses_and_reads("Remind", card)

    assert "The reminder was sent." in words(answer)
    await until(lambda: any("orders-one-of-two" in words(one) for one in direct(world, BEN)), what="the other")
