"""Reveal: a press creates at most one token, which is shown only to the requester and never stored."""

from typing import Any

import httpx
import pytest

from bot.core.records.timers import TimerKind
from bot.core.records.tokens import TokenState
from bot.core.requests.request import State
from bot.errors import BotError, Refused
from bot.pipeline.approval import votes
from bot.pipeline.approval.confirmation import withdraw
from bot.pipeline.token_reveal import reveal
from bot.store.repositories.requests import Requests
from tests.pipeline.in_memory import ANA, BEN, DANA, REMY, Pipeline

MINT = "POST /databases/orders/auth/tokens"


async def pressed(here: Pipeline, who: str = DANA) -> str:
    (request,) = await here.env.store.requests.find(states=list(State))
    return await reveal(here.env, request, here.press(who, request, "token.reveal"))


async def test_the_token_is_created_and_shown_to_the_requester(here: Pipeline) -> None:
    request = await here.approved("token orders")

    assert await pressed(here) == "revealed"

    assert here.changes() == [MINT]
    ((who, secret),) = here.of.revealed
    assert who == DANA
    assert (await here.now(request)).state is State.SUCCEEDED
    (row,) = await here.env.store.tokens.find(organization="acme")
    assert row.state is TokenState.LIVE
    assert secret.encode() not in here.of.file.read_bytes()
    assert here.of.leaks == []


async def test_no_one_else_can_reveal_the_token(here: Pipeline) -> None:
    await here.approved("token orders")

    with pytest.raises(Refused, match="Only the"):
        await pressed(here, ANA)

    assert here.changes() == []


async def test_a_token_cannot_be_revealed_before_its_approval(here: Pipeline) -> None:
    await here.ask("token orders")

    with pytest.raises(BotError):
        await pressed(here)

    assert here.changes() == []


async def test_a_token_can_be_revealed_once(here: Pipeline) -> None:
    await here.approved("token orders")
    await pressed(here)

    with pytest.raises(BotError):
        await pressed(here)

    assert here.changes() == [MINT]


async def test_a_token_cannot_be_revealed_after_its_time_limit(here: Pipeline) -> None:
    request = await here.approved("token orders")
    assert request.expires_at is not None
    here.of.offset += request.expires_at - here.of.now()

    with pytest.raises(BotError):
        await pressed(here)
    assert here.changes() == []
    await here.fire(TimerKind.LAPSE, request.id)
    assert (await here.now(request)).state is State.EXPIRED


async def test_no_token_is_created_for_a_database_that_was_created_again(here: Pipeline) -> None:
    request = await here.approved("token orders")
    here.turso.add("orders")

    with pytest.raises(BotError, match="No token was created"):
        await pressed(here)

    assert (await here.now(request)).state is State.STALE
    assert here.changes() == []


async def test_no_token_is_created_if_its_approver_has_lost_the_permission(here: Pipeline) -> None:
    await here.approved("token orders")
    here.of.dba.clear()

    with pytest.raises(BotError):
        await pressed(here)

    assert here.changes() == []


async def test_a_token_whose_message_slack_rejects_is_reported_as_possibly_existing(here: Pipeline) -> None:
    request = await here.approved("token orders")
    here.slack.takes_reveals = False

    assert await pressed(here) == "not_delivered"

    ended = await here.now(request)
    assert ended.state is State.UNKNOWN
    assert "may have been created" in ended.outcome
    assert "no one has seen it" not in ended.outcome, "Slack may have shown it although its answer was lost"
    (row,) = await here.env.store.tokens.find(organization="acme")
    assert row.state is TokenState.UNKNOWN


async def test_after_a_refusal_by_turso_there_is_no_token(here: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    request = await here.approved("token orders")
    refusal = httpx.Response(403, json={"error": "no permission"})
    monkeypatch.setattr(type(here.of), "_mint", lambda *_: refusal)

    assert await pressed(here) == "failed"

    assert (await here.now(request)).state is State.FAILED


async def test_a_press_that_overlaps_a_failed_one_ends_with_its_own_outcome(here: Pipeline) -> None:
    """The second press finds the request open again. It creates another token, and its outcome is recorded."""
    request = await here.approved("token orders")
    first, second = (here.press(DANA, request, "token.reveal") for _ in range(2))
    (read_before,) = await here.env.store.requests.find(states=[State.READY])
    here.slack.takes_reveals = False
    assert await reveal(here.env, read_before, first) == "not_delivered"
    here.slack.takes_reveals = True

    assert await reveal(here.env, read_before, second) == "revealed"

    assert (await here.now(request)).state is State.SUCCEEDED
    rows = await here.env.store.tokens.find(organization="acme")
    assert sorted(row.state for row in rows) == sorted([TokenState.LIVE, TokenState.UNKNOWN])
    assert here.changes() == [MINT, MINT]


async def test_after_a_later_refusal_an_earlier_token_may_still_exist(
    here: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = await here.approved("token orders")
    here.slack.takes_reveals = False
    assert await pressed(here) == "not_delivered"
    refusal = httpx.Response(403, json={"error": "no permission"})
    monkeypatch.setattr(type(here.of), "_mint", lambda *_: refusal)

    assert await pressed(here) == "failed"

    ended = await here.now(request)
    assert ended.state is State.FAILED
    assert "may have been created" in ended.outcome
    assert "No token was created" not in ended.outcome


async def test_after_the_database_is_recreated_an_earlier_token_may_still_exist(here: Pipeline) -> None:
    request = await here.approved("token orders")
    here.slack.takes_reveals = False
    await pressed(here)
    here.turso.add("orders")

    with pytest.raises(BotError, match="may have been created"):
        await pressed(here)

    ended = await here.now(request)
    assert ended.state is State.STALE
    assert "may have been created" in ended.outcome


async def test_a_token_that_turso_refused_to_create_is_not_reported_as_revoked(
    here: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    rotation = await here.ask("rotate orders")
    wanted = await here.ask("token orders", BEN)
    await votes.vote(here.env, here.press(ANA, wanted))
    with monkeypatch.context() as patched:
        patched.setattr(type(here.of), "_mint", lambda *_: httpx.Response(403, json={"error": "no permission"}))
        assert await reveal(here.env, await here.now(wanted), here.press(BEN, wanted, "token.reveal")) == "failed"

    here.pass_time(seconds=1)
    for approver in (ANA, REMY):
        await votes.vote(here.env, here.press(approver, rotation))
    assert await here.execute(rotation) is State.SUCCEEDED

    assert [text for who, text in here.slack.private if who == BEN and "revoked" in text] == []


@pytest.mark.parametrize("ended", ["denied", "withdrawn", "revealed"])
async def test_a_press_on_a_closed_request_is_answered_with_its_state(here: Pipeline, ended: str) -> None:
    request = await here.approved("token orders")
    if ended == "denied":
        await votes.refuse(here.env, here.press(BEN, request), "")
    elif ended == "withdrawn":
        await withdraw(here.env, here.press(DANA, request))
    else:
        await pressed(here)

    says = "succeeded" if ended == "revealed" else f"was {ended}"
    with pytest.raises(Refused, match=f"There is no token to reveal, because this request {says}"):
        await pressed(here)


async def test_a_denial_in_the_middle_of_a_press_is_reported(here: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    request = await here.approved("token orders")
    real = Requests.mark_sent

    async def mark_sent(self: Requests, *arguments: Any) -> bool:
        await votes.refuse(here.env, here.press(BEN, request), "")
        return await real(self, *arguments)

    monkeypatch.setattr(Requests, "mark_sent", mark_sent)
    with pytest.raises(Refused, match="this request was denied"):
        await pressed(here)

    assert here.changes() == []
