"""Answers are posted in the channel or in the thread, depending on where the person pressed or typed."""

import pytest

from bot.sandbox.workspace.model import Message
from tests.scenarios import forging
from tests.world import BEN, DANA, DB_OPS, INCIDENT, REMY, World, until

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def mentions(world: World, text: str, thread_ts: str | None = None) -> Message:
    """Mention the bot as Dana, and return the answer that only she sees."""
    bot = world.workspace.app.bot_user_id
    mention = world.workspace.say(DANA, DB_OPS, f"<@{bot}> {text}", thread_ts=thread_ts)
    return await forging.answer_to(world, DANA, mention)


async def test_a_press_on_a_reply_that_is_also_in_the_channel_is_answered_in_the_channel(world: World) -> None:
    await world.create_databases("seen")
    remy, ben = world.person(REMY), world.person(BEN)
    started = await remy.types("/turso incident start INC-7", INCIDENT)
    await world.wait_until_idle()
    card = await remy.types("/turso rotate seen --reason leak", INCIDENT)
    assert (card.thread_ts, card.is_in_channel) == (started.ts, True)

    refused = await remy.presses_and_reads("Withdraw", card)
    again = await ben.presses_and_reads("Approve", card)
    await remy.presses("Status", started)
    status = await until(lambda: world.card(INCIDENT, holding="started just now"), what="the status")

    assert [one.thread_ts for one in (refused, again, status)] == [None, None, None]


async def test_a_press_and_a_line_within_a_thread_are_answered_there(world: World) -> None:
    await world.create_databases("below")
    top = await world.workspace.say(DANA, DB_OPS, "look")
    assert top.message is not None

    wrong = await mentions(world, "shwo", top.message.ts)
    shown = await mentions(world, "show below --private", top.message.ts)
    line = f"<@{world.workspace.app.bot_user_id}> rotate below --reason leak"
    await world.workspace.say(DANA, DB_OPS, line, thread_ts=top.message.ts)
    card = await until(lambda: world.card(holding="<@U0DANA> wants to revoke all tokens for `below`"), what="the card")
    answer = await world.person(DANA).presses_and_reads("Withdraw", card)

    assert (card.thread_ts, card.is_in_channel) == (top.message.ts, False)
    assert [one.thread_ts for one in (wrong, shown, answer)] == [top.message.ts] * 3


async def test_the_private_answer_to_a_mention_outside_a_thread_is_in_the_channel(world: World) -> None:
    assert (await mentions(world, "shwo")).thread_ts is None
