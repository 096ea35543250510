"""An outcome is posted once, with its reason. `test_everyone_is_notified` covers every kind of outcome and delivery."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.records.tokens import TokenState
from bot.core.requests.request import State
from bot.pipeline.approval import votes
from bot.pipeline.outcomes.notifications import notify_outcome
from tests.pipeline.in_memory import BEN, DANA, ZOE, Pipeline
from tests.store.samples import token


async def test_the_outcome_is_posted_once(here: Pipeline) -> None:
    request = await here.approved("db destroy orders --now")
    before = len(here.slack.public)
    assert await here.execute(request) is State.SUCCEEDED
    messages = here.slack.public[before:]

    await notify_outcome(here.env, request.id)

    assert len([text for text in messages if "orders" in text]) == 1
    assert here.slack.public[before:] == messages, "not a second time"


async def test_a_denial_is_sent_with_its_reason(here: Pipeline) -> None:
    request = await here.ask("db destroy orders")

    await votes.refuse(here.env, here.press(BEN, request), "not today")

    assert any("not today" in text for text in here.slack.public)


@pytest.mark.parametrize("line", ["db destroy orders --now", "db destroy orders", "rotate orders"])
async def test_no_message_shows_a_token_and_each_message_has_a_notification_text(here: Pipeline, line: str) -> None:
    request = await here.approved(line)
    if request.state is State.PENDING:
        await votes.vote(here.env, here.press(BEN, request))
    await here.execute(request)

    assert any(one.secret for one in here.of.sent) is ("rotate" in line), "a rotation mints probe tokens"
    assert here.of.leaks == []
    assert all(text for text in here.slack.public), "each message has a text for notifications"


async def test_holders_are_told_that_their_database_was_destroyed(here: Pipeline) -> None:
    database_id = here.turso.databases["orders"]["DbId"]
    for number, holder in enumerate((ZOE, DANA), start=1):
        one = token(number, database="orders", database_id=database_id, holder=holder, state=TokenState.LIVE)
        await here.env.store.tokens.add(replace(one, minted_at=here.of.now() - timedelta(hours=1), expires_at=None))

    assert await here.execute(await here.approved("db destroy orders --now")) is State.SUCCEEDED

    told = [text for user, text in here.slack.private if user == ZOE]
    assert [text for text in told if "orders was destroyed. Your tokens for it no longer work." in text]
    assert not [text for text in told if "revoked" in text or "may still work" in text]
    assert not [text for user, text in here.slack.private if user == DANA and "Your tokens" in text]
