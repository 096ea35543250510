"""An outcome is posted once, with its reason. `test_everyone_is_notified` covers every kind of outcome and delivery."""

import pytest

from bot.core.requests.request import State
from bot.pipeline.approval import votes
from bot.pipeline.outcomes.notifications import notify_outcome
from tests.pipeline.in_memory import BEN, Pipeline


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
