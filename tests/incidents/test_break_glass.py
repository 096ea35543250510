"""Break-glass operations are announced at once. Another person reviews them, and is reminded when that is overdue."""

import pytest

from bot.core.records.audit_entry import TIMER
from bot.sandbox.workspace.model import Message
from tests.incidents import play
from tests.policies import WITH_DBA_GROUP
from tests.scenarios import forging
from tests.world import ANA, BEN, DANA, DB_OPS, REMY, World, until, words

pytestmark = pytest.mark.asyncio(loop_scope="module")

OWN_POLICY = (
    WITH_DBA_GROUP
    + """\
  responders: {usergroup: S0RESPOND}
channels:
  C0DBOPS:
    databases: ["*"]
    rules:
      - {allow: read}
      - break_glass: [destroy]
        to: dba
        review_by: responders
        review_within: 4h
        notify: dba
        blocks_while_owed: true
"""
)


async def break_glass(world: World, who: str, name: str) -> Message:
    """Destroy a database at once, and wait for the card."""
    await world.create_databases(name)
    await world.workspace.say(who, DB_OPS, f'/turso destroy {name} --now --reason "it burns"')
    card: Message = await until(lambda: world.card(holding=f"*{name}* was destroyed"), what="the card")
    await world.wait_until_idle()
    return card


async def review(world: World, who: str, card: Message, *, verdict: str = "yes") -> Message:
    """Give the review that a card asks for, and return the answer."""
    someone = world.person(who)
    await someone.presses("Review", card)
    view = await someone.modal("Done without approval")
    before = {one.ts for one in someone.sees()}
    await someone.submits({"verdict": verdict, "comment": "I looked"}, view)
    return await someone.reads_answer(DB_OPS, before)


def direct_messages(world: World, person_id: str, holding: str) -> list[Message]:
    """Return a person's direct messages that contain `holding`."""
    direct = world.workspace.state.direct_channel(person_id).id
    return [one for one in world.workspace.history(direct, person_id) if holding in words(one)]


async def test_a_person_with_a_pending_review_cannot_use_break_glass_again(world: World) -> None:
    card = await break_glass(world, ANA, "first")

    await world.create_databases("second")
    refused = await world.person(ANA).types('/turso destroy second --now --reason "it burns too"')
    assert "still needs a review" in words(refused)
    assert not world.changes("DELETE", "/second")
    other = await break_glass(world, BEN, "third")
    assert "Review recorded: not justified" in words(await review(world, REMY, card, verdict="no"))
    await world.wait_for_content(card, holding="*not* justified")

    again = await break_glass(world, ANA, "fourth")
    await review(world, REMY, again)
    await review(world, REMY, other)


async def test_a_review_is_given_once_and_only_by_people_whom_the_rule_names(world: World) -> None:
    card = await break_glass(world, ANA, "by-two")
    for somebody, why in ((ANA, "can't review your own break-glass operation"), (DANA, "aren't a reviewer for this")):
        assert why in words(await world.person(somebody).presses_and_reads("Review", card))
    for somebody in (BEN, REMY):
        await world.person(somebody).presses("Review", card)
        await world.person(somebody).modal("Done without approval")

    await world.person(REMY).submits({"verdict": "yes", "comment": "fine"})
    await world.wait_for_content(card, holding="Reviewed by")
    too_late = world.person(BEN).submits({"verdict": "no", "comment": "late"})
    await forging.answer_to(world, BEN, too_late, holding="no longer needs a review")

    assert "justified" in words(world.current(card))
    assert "*not*" not in words(world.current(card))


async def test_a_reviewer_who_has_left_the_group_is_refused(world: World) -> None:
    card = await break_glass(world, ANA, "fifth")
    await world.person(REMY).presses("Review", card)
    await world.person(REMY).modal("Done without approval")
    world.workspace.usergroups["S0RESPOND"].users.remove(REMY)
    try:
        doing = world.person(REMY).submits({"verdict": "yes", "comment": "fine"})
        await forging.answer_to(world, REMY, doing, holding="aren't a reviewer for this")
    finally:
        world.workspace.usergroups["S0RESPOND"].users.append(REMY)

    await review(world, BEN, card)


async def test_an_overdue_review_is_announced_in_the_channel_and_its_reviewers_are_reminded(world: World) -> None:
    card = await break_glass(world, ANA, "sixth")
    assert world.bot is not None

    await world.pass_time(hours=2, minutes=1)
    early = await until(lambda: world.card(holding="The review is due"), what="a reminder", within=30)
    assert early.thread_ts == card.ts
    assert "overdue" not in words(early)
    assert not direct_messages(world, REMY, "overdue")

    await world.pass_time(hours=2)
    loud = await until(lambda: world.card(holding="overdue"), what="the escalation", within=30)
    assert loud.thread_ts is None, "posted in the channel, not in a thread"
    assert {"<@U0BEN>", "<@U0REMY>", "<!subteam^S0DBA>"} <= set(loud.text.replace(".", " ").replace(":", " ").split())
    await until(
        lambda: direct_messages(world, REMY, "overdue") and direct_messages(world, BEN, "overdue"), what="the notices"
    )

    await world.pass_time(hours=1, minutes=1)
    later = await until(
        lambda: next((one for one in thread_of(world, card) if "overdue" in words(one)), None),
        what="the next reminder", within=30,
    )  # fmt: skip
    await world.wait_until_idle()
    assert "Review recorded" in words(await review(world, REMY, later))
    await world.pass_time(hours=13)
    assert not await world.bot.store.reviews.find(owed=True)

    (overdue,) = [one for one in await play.audit(world, channel=DB_OPS) if one.event == "review_overdue"]
    assert (overdue.user_id, overdue.detail["asker"]) == (TIMER, ANA), "no person is the actor"


def thread_of(world: World, card: Message) -> list[Message]:
    """Return the replies in the thread of a card."""
    return [one for one in world.workspace.history(DB_OPS, None) if one.thread_ts == card.ts]
