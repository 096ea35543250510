"""Regression tests of authorization: membership, missing facts, time, and the channel of an answer."""

from dataclasses import replace
from typing import Any

import pytest

from bot.blocks import forms
from bot.core.requests.incoming import Kind
from bot.core.requests.request import State
from bot.errors import BadInput, BotError, Refused
from bot.pipeline.authorization.authorize import authorize
from bot.pipeline.authorization.steps import RefusalKind, Step
from bot.pipeline.dispatch import modal_submissions
from bot.pipeline.requests import command_lines, open_form
from tests.authorization import lost
from tests.authorization.entries import away, destroy, incoming, make_request, pressing, ready_token, stored
from tests.scenarios import forging
from tests.world import ANA, BEN, DANA, DB_OPS, REMY, World, words

pytestmark = pytest.mark.asyncio(loop_scope="module")
OWN_POLICY = lost.POLICY


async def test_an_approver_who_becomes_a_guest_cannot_vote(world: World) -> None:
    """The policy allows `show` to Ana as a guest, but doesn't name her as an approver."""
    request_id = await make_request(world, "guests", "db destroy {}")
    with lost.a_guest(world, ANA), pytest.raises(Refused, match="aren't an approver for this request"):
        await pressing(ANA, "approval.approve")(world, request_id)
    await pressing(BEN, "approval.approve")(world, request_id)


async def test_a_group_whose_members_slack_does_not_return_counts_for_no_one(world: World) -> None:
    """Even if the bot has cached the members, it doesn't use them."""
    assert world.bot is not None
    request = await stored(world, await make_request(world, "silence", "db destroy {}"))
    press = incoming(world, ANA, "approval.approve", request.id)
    assert (await authorize(world.bot.env, request, Step.VOTE, actor=press)).allowed

    with lost.LOSSES["Slack silent about groups"](world, ANA):
        answer = await authorize(world.bot.env, request, Step.VOTE, actor=press)
        assert (answer.refusal, "user group" in answer.why) == (RefusalKind.UNKNOWN, True)
        typed = await world.person(DANA).types("/turso db destroy silence --now")

    lost.clear_caches(world)
    assert "user group" in words(typed), "the failed lookup removed the cached members"


async def test_the_time_for_a_reveal_counts_from_the_approval(world: World) -> None:
    request_id = await ready_token(world, "again")
    for _ in range(2):
        world.turso.faults.add("status", method="POST", path="*/databases/again/auth/tokens", status=500)
        await pressing(DANA, "token.reveal")(world, request_id)
        assert (await stored(world, request_id)).state is State.UNKNOWN
        await world.pass_time(minutes=6)
    await world.pass_time(minutes=4)
    before = len(world.changes("POST", "/again/auth/tokens"))

    with pytest.raises(Refused, match="too late to reveal it again"):
        await pressing(DANA, "token.reveal")(world, request_id)

    assert len(world.changes("POST", "/again/auth/tokens")) == before


@pytest.mark.parametrize("callback_id", ["approval.type_name", "approval.deny_reason", "review", "chooser"])
async def test_a_modal_belongs_to_the_person_who_opened_it(world: World, callback_id: str) -> None:
    assert world.bot is not None
    about = forms.pack_metadata("r-something", ANA)
    if callback_id == "chooser":
        await open_form.open_chooser(world.bot.env, opened := await _shortcut(world))
        about = opened.id
    filled = {"typed_name": "x", "comment": "x", "command": "list", "verdict": "yes"}
    stolen = replace(incoming(world, REMY, callback_id, about), kind=Kind.SUBMISSION, values=filled)

    with pytest.raises(BadInput, match="too old"):
        await modal_submissions.check(world.bot.env, stolen)


async def _shortcut(world: World) -> Any:
    assert world.bot is not None
    trigger = world.workspace.state.triggers.issue(ANA, world.workspace.now())
    return replace(incoming(world, ANA, "turso.here", ""), kind=Kind.SHORTCUT, trigger_id=trigger)


@pytest.mark.parametrize("line", ["ls", "freeze forms"])
async def test_a_form_that_was_opened_before_its_person_left_is_refused(world: World, line: str) -> None:
    assert world.bot is not None
    env = world.bot.env
    sent = replace(incoming(world, DANA, "form.list", "i-form"), kind=Kind.SUBMISSION)
    with lost.out_of_the_channel(world, DANA), pytest.raises(Refused, match="must both be in that channel"):
        await command_lines.ask(env, sent, env.grammar.parse(line))


async def test_nothing_is_posted_to_a_channel_that_was_shared_a_moment_ago(world: World) -> None:
    await world.person(DANA).types("/turso ls")
    before = len(world.workspace.history(DB_OPS, REMY))
    with lost.channel_shared(world, DANA):
        answer = await forging.answer_to(world, DANA, world.workspace.say(DANA, DB_OPS, "/turso ls"))
    lost.clear_caches(world)

    assert "shared with another organization" in words(answer)
    assert len(world.workspace.history(DB_OPS, REMY)) == before, "others see no new message"


async def test_a_break_glass_operation_is_not_carried_out_if_its_requester_loses_the_permission(world: World) -> None:
    assert world.bot is not None
    await world.create_databases("glass")
    env = world.bot.env
    before = len(await world.bot.store.reviews.find(owed=True))
    await env.subject(incoming(world, DANA, "", ""))  # caches the groups for a minute
    with lost.out_of_the_groups(world, DANA):
        read = env.grammar.parse('protect glass on --reason "fire"')
        typed = replace(incoming(world, DANA, "", ""), kind=Kind.COMMAND)
        await command_lines.ask(env, typed, read)
        await world.wait_until_idle()
    lost.clear_caches(world)

    assert not world.changes("PATCH", "/glass/configuration")
    assert len(await world.bot.store.reviews.find(owed=True)) == before


async def test_a_refusal_because_of_an_unknown_fact_is_not_final(world: World) -> None:
    request_id = await make_request(world, "later", "db destroy {}")
    for name in ("Slack silent about people", "Slack silent about the channel", "Slack silent about its members"):
        with lost.LOSSES[name](world, ANA), pytest.raises(BotError, match="Try again in a moment"):
            await pressing(ANA, "approval.approve")(world, request_id)
    await pressing(ANA, "approval.approve")(world, request_id)


async def test_a_delegates_denial_is_not_refused_for_good_while_slack_does_not_return_the_members(world: World) -> None:
    """Without the members, the bot can't tell whether the approver is in the channel."""
    request_id = await away(destroy)(world, "unseen")
    with (
        lost.LOSSES["Slack silent about its members"](world, ANA),
        pytest.raises(BotError, match="couldn't look up the members of the request's channel"),
    ):
        await pressing(ANA, "approval.deny")(world, request_id)
    await pressing(ANA, "approval.deny")(world, request_id)
