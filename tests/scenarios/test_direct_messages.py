"""A rule can notify people by direct message: each gets one, and only if they can see the card."""

import re

import pytest

from bot.core.records.timers import Timer, TimerKind
from bot.core.requests.request import State
from bot.errors import Unavailable
from bot.pipeline.timers.due import fire
from bot.sandbox.workspace.model import Message
from tests.authorization.lost import out_of_the_channel
from tests.policies import ACME
from tests.scenarios.requesting import make_request, reaches, request_id
from tests.world import ANA, BEN, DANA, REMY, World, marked_up, words

pytestmark = pytest.mark.asyncio(loop_scope="module")
OWN_POLICY = (
    ACME
    + """\
people:
  dba: {users: [U0ANA, U0BEN, U0DANA]}
channels:
  C0DBOPS:
    databases: ["*"]
    rules:
      - {allow: read}
      - {approve: freeze, by: dba, confirm: none, notify: dba, direct_message: true, escalate_to: "user:U0REMY"}
      - {approve: rotate, by: dba, confirm: none, notify: dba}
"""
)
LINE = "/turso freeze {} --reason load"


def direct(world: World, card: Message, who: str) -> list[Message]:
    """Return a person's direct messages about a card's database."""
    channel, name = world.workspace.state.direct_channel(who), re.findall(r"db-[0-9-]+", words(card))[0]
    return [one for one in world.workspace.history(channel.id, who) if name in words(one)]


async def fires(world: World, card: Message, attempt: int = 0) -> None:
    """Run the reminder of a card's request, as its timer does."""
    assert world.bot is not None
    env = world.bot.env
    await fire(env, Timer(TimerKind.REMIND, request_id(card), env.clock.now(), attempt))


async def test_each_person_gets_one_direct_message_with_a_link_even_after_a_crash(world: World) -> None:
    card = await make_request(world, LINE)

    for attempt in (0, 0, 1):  # the repeated 0 simulates a crash
        await fires(world, card, attempt)

    for one in (ANA, BEN):
        (message,) = direct(world, card, one)
        assert "needs approval to freeze" in words(message)
        assert "load" in words(message)
        assert f"<@{DANA}>" in marked_up(message)
        assert card.ts.replace(".", "") in marked_up(message)
    assert not direct(world, card, DANA)
    assert not direct(world, card, REMY)


async def test_a_person_who_is_notified_only_by_a_later_reminder_gets_a_direct_message_then(world: World) -> None:
    card = await make_request(world, LINE)

    for attempt in (0, 1, 2, 3):
        await fires(world, card, attempt)

    assert [len(direct(world, card, one)) for one in (ANA, BEN, REMY)] == [1, 1, 1]


async def test_a_person_who_is_not_in_the_channel_gets_no_direct_message(world: World) -> None:
    card = await make_request(world, LINE)

    with out_of_the_channel(world, BEN):  # the bot's cache still says that Ben is a member
        await fires(world, card)

    assert [len(direct(world, card, one)) for one in (ANA, BEN)] == [1, 0]


async def test_there_is_no_direct_message_unless_the_rule_says_so_and_none_after_a_decision(world: World) -> None:
    plain, approved = await make_request(world, "/turso rotate {} --reason leak"), await make_request(world, LINE)
    await world.person(ANA).presses("Approve", approved)
    await reaches(world, approved, State.SUCCEEDED)

    await fires(world, plain)
    await fires(world, approved)

    assert not direct(world, plain, ANA)
    assert not direct(world, approved, BEN)


async def test_if_slack_does_not_list_the_members_each_person_gets_one_direct_message_later(world: World) -> None:
    card = await make_request(world, LINE)
    fault = world.workspace.faults.add("api_error", "conversations.members", error="internal_error")
    with pytest.raises(Unavailable):
        await fires(world, card)
    world.workspace.faults.remove(fault)
    assert not direct(world, card, ANA)

    await fires(world, card)

    assert [len(direct(world, card, one)) for one in (ANA, BEN)] == [1, 1]


async def test_policy_explain_mentions_the_direct_messages(world: World) -> None:
    dana = world.person(DANA)
    assert "Direct message" in words(await dana.types("/turso policy explain freeze orders"))
    assert "Direct message" not in words(await dana.types("/turso policy explain rotate orders"))
