"""Approval: whose votes count, how many are needed, and what ends an open request."""

from typing import Any

import httpx
import pytest

from bot.commands import CATALOGUE
from bot.core.policy import load
from bot.core.records.timers import TimerKind
from bot.core.requests.request import State
from bot.errors import BotError, Refused
from bot.pipeline.approval import confirmation, expiry, presses, reminders, votes
from bot.pipeline.authorization.authorize import authorize
from tests.crash.ports import POLICY, Rules
from tests.pipeline.in_memory import ANA, BEN, DANA, ZOE, Pipeline


async def test_a_request_waits_and_nothing_is_sent(here: Pipeline) -> None:
    request = await here.ask("db destroy orders")

    assert request.state is State.PENDING
    assert here.changes() == []
    assert await here.events(request) == ["asked/pending"]


async def test_the_vote_that_completes_the_quorum_starts_the_work(here: Pipeline) -> None:
    request = await here.ask("rotate orders")

    assert await votes.vote(here.env, here.press(ANA, request)) == "vote_counted"
    assert (await here.now(request)).state is State.PENDING
    assert await votes.vote(here.env, here.press(BEN, request)) == "approved"

    approved = await here.now(request)
    assert approved.state is State.APPROVED
    assert [vote.user_id for vote in approved.votes] == [ANA, BEN]


async def test_one_person_has_one_vote(here: Pipeline) -> None:
    request = await here.ask("rotate orders")
    await votes.vote(here.env, here.press(ANA, request))

    with_the_same_vote = await votes.vote(here.env, here.press(ANA, request))

    assert with_the_same_vote == "vote_counted"
    assert (await here.now(request)).state is State.PENDING


async def test_no_one_approves_their_own_request(here: Pipeline) -> None:
    request = await here.ask("db destroy orders", who=ANA)

    with pytest.raises(Refused, match="own"):
        await votes.vote(here.env, here.press(ANA, request))

    assert (await here.now(request)).votes == ()


async def test_a_vote_of_a_person_who_is_not_an_approver_does_not_count(here: Pipeline) -> None:
    request = await here.ask("db destroy orders")

    with pytest.raises(Refused):
        await votes.vote(here.env, here.press(ZOE, request))

    assert (await here.now(request)).state is State.PENDING


async def test_a_vote_of_a_person_who_has_left_the_approvers_does_not_count(here: Pipeline) -> None:
    request = await here.ask("rotate orders")
    await votes.vote(here.env, here.press(ANA, request))
    here.of.dba.remove(ANA)

    assert await votes.vote(here.env, here.press(BEN, request)) == "vote_counted"
    assert (await here.now(request)).state is State.PENDING


async def test_an_approved_token_is_ready_but_not_created(here: Pipeline) -> None:
    request = await here.approved("token orders")

    assert request.state is State.READY
    assert here.changes() == []


async def test_a_single_denial_ends_a_request(here: Pipeline) -> None:
    request = await here.ask("rotate orders")
    await votes.vote(here.env, here.press(ANA, request))

    await votes.refuse(here.env, here.press(BEN, request), "not today")

    ended = await here.now(request)
    assert (ended.state, ended.outcome) == (State.DENIED, "not today")
    with pytest.raises(BotError):
        await votes.vote(here.env, here.press(BEN, request))
    assert (await here.events(request))[-1] == "denied/denied"


async def test_a_request_that_was_sent_can_no_longer_be_denied(here: Pipeline) -> None:
    request = await here.approved("db destroy orders --now")
    await here.execute(request)

    with pytest.raises(BotError):
        await votes.refuse(here.env, here.press(BEN, request), "too late")

    assert (await here.now(request)).state is State.SUCCEEDED


async def test_only_the_requester_can_withdraw(here: Pipeline) -> None:
    request = await here.ask("db destroy orders")
    with pytest.raises(BotError):
        await confirmation.withdraw(here.env, here.press(ZOE, request, "approval.withdraw"))

    await confirmation.withdraw(here.env, here.press(DANA, request, "approval.withdraw"))

    assert (await here.now(request)).state is State.CANCELLED


async def test_a_request_that_no_one_decides_expires(here: Pipeline) -> None:
    request = await here.ask("db destroy orders")
    here.pass_time(minutes=31)
    with pytest.raises(BotError):
        await votes.vote(here.env, here.press(ANA, request))

    await expiry.expire(here.env, request.id, keeps=TimerKind.EXPIRE)

    assert (await here.now(request)).state is State.EXPIRED
    assert (await here.events(request))[-1] == "expired/expired"


@pytest.mark.parametrize("state", [State.SUCCEEDED, State.UNKNOWN])
async def test_a_late_vote_on_a_change_that_was_made_does_not_say_that_nothing_was_changed(
    here: Pipeline, monkeypatch: pytest.MonkeyPatch, state: State
) -> None:
    """The vote arrives while the request is pending. By the time the vote is authorized, the change was sent."""
    request = await here.ask("db destroy orders --now")
    answers, silent = here.of.turso.handle, list[httpx.Request]()

    def handle(request: httpx.Request) -> httpx.Response:
        if request.method == "DELETE" and state is State.UNKNOWN:
            silent.append(request)
            answers(request)
            raise httpx.ReadTimeout("too slow")
        return httpx.Response(403, json={"error": "not now"}) if silent else answers(request)

    async def after_another_vote(*given: Any, **how: Any) -> Any:
        monkeypatch.setattr(presses, "authorize", authorize)
        await votes.vote(here.env, here.press(ANA, request))
        assert await here.execute(request) is state
        silent.clear()
        return await authorize(*given, **how)

    here.of.turso.handle = handle  # type: ignore[method-assign]
    monkeypatch.setattr(presses, "authorize", after_another_vote)

    with pytest.raises(Refused, match="Too late"):
        await votes.vote(here.env, here.press(BEN, request))

    assert (await here.now(request)).state is state
    assert here.changes() == ["DELETE /databases/orders"]


async def test_a_request_that_needs_more_approvals_by_now_says_so(
    here: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = await here.approved("db destroy orders --now")
    stricter = load(
        POLICY.replace("by: dba, confirm", "by: dba, quorum: 2, confirm"), CATALOGUE, default_organization="acme"
    )
    monkeypatch.setattr(Rules, "policy", property(lambda self: stricter))

    assert await here.execute(request) is State.STALE

    assert (await here.now(request)).outcome.startswith("The policy requires more approvals for this than it has.")
    assert here.changes() == []


async def test_a_person_who_has_approved_is_not_reminded(here: Pipeline) -> None:
    request = await here.ask("rotate orders")
    await votes.vote(here.env, here.press(ANA, request))
    here.slack.private.clear()

    await reminders.remind(here.env, here.press(DANA, request, "approval.remind"))

    ((who, text),) = here.slack.private
    assert who == DANA
    assert text == reminders.NOBODY
