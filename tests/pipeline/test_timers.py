"""Timers: each fires once, and sets the next one if there is more to do."""

from datetime import timedelta

import httpx
import pytest

from bot.blocks.text import utc
from bot.core.records.timers import TimerKind
from bot.core.requests.request import State
from bot.errors import Unavailable
from bot.pipeline.approval import votes
from tests.pipeline.in_memory import BEN, Pipeline

FAULT = httpx.Response(500, json={"error": "internal error"})


async def test_a_request_expires_when_its_time_is_up(here: Pipeline) -> None:
    request = await here.ask("db destroy orders")

    assert await here.fire(TimerKind.EXPIRE, request.id) is None

    assert (await here.now(request)).state is State.EXPIRED


async def test_the_end_of_a_request_deletes_its_timers(here: Pipeline) -> None:
    request = await here.approved("db destroy orders --now")
    await here.execute(request)

    assert await here.timer(TimerKind.EXPIRE, request.id) is None
    assert await here.timer(TimerKind.REMIND, request.id) is None


async def test_a_freeze_ends_when_its_time_is_up(here: Pipeline) -> None:
    request = await here.ask("db freeze orders --for 30m")
    assert await here.execute(request) is State.SUCCEEDED
    assert here.turso.configurations["orders"]["block_writes"]
    (hold,) = await here.env.store.holds.find(organization="acme")

    assert await here.fire(TimerKind.THAW, hold.id) is None

    assert not here.turso.configurations["orders"]["block_writes"]
    assert await here.env.store.holds.find(organization="acme") == []
    assert (await here.events(request))[-1] == "thawed/succeeded"


async def test_a_freeze_that_turso_still_shows_is_checked_again(here: Pipeline) -> None:
    request = await here.ask("db freeze orders --for 30m")
    await here.execute(request)
    (hold,) = await here.env.store.holds.find(organization="acme")
    unchanged = httpx.Response(200, json=here.turso.configurations["orders"])
    here.answers_once("PATCH", "/orders/configuration", unchanged)

    assert await here.fire(TimerKind.THAW, hold.id) is not None

    assert [one.id for one in await here.env.store.holds.find(organization="acme")] == [hold.id]
    assert await here.fire(TimerKind.THAW, hold.id) is None


async def test_a_freeze_does_not_end_because_a_proxy_answers_404(here: Pipeline) -> None:
    request = await here.ask("db freeze orders --for 30m")
    await here.execute(request)
    (hold,) = await here.env.store.holds.find(organization="acme")
    real = here.turso.handle
    here.of.turso.handle = lambda request: httpx.Response(404, text="404 page not found")  # type: ignore[method-assign]

    with pytest.raises(Unavailable, match="A proxy may have sent it"):
        await here.fire(TimerKind.THAW, hold.id)

    assert [one.id for one in await here.env.store.holds.find(organization="acme")] == [hold.id]
    here.of.turso.handle = real  # type: ignore[method-assign]
    assert await here.fire(TimerKind.THAW, hold.id) is None


async def test_the_end_of_a_countdown_destroys_the_database(here: Pipeline) -> None:
    request = await here.approved("db destroy orders")
    assert await here.execute(request) is State.QUARANTINED
    assert "orders" in here.turso.databases

    await here.fire(TimerKind.FINISH, request.id)
    assert await here.execute(request, "finish") is State.SUCCEEDED

    assert "orders" not in here.turso.databases


async def test_the_end_of_a_countdown_leaves_a_database_that_was_created_again(here: Pipeline) -> None:
    request = await here.approved("db destroy orders")
    await here.execute(request)
    here.turso.add("orders")

    await here.fire(TimerKind.FINISH, request.id)

    assert "orders" in here.turso.databases
    assert (await here.now(request)).state is State.STALE


async def test_an_unknown_outcome_is_checked_again_until_turso_shows_it(here: Pipeline) -> None:
    request = await here.approved("db destroy orders --now")
    here.answers_once("DELETE", "/databases/orders", FAULT)
    assert await here.execute(request) is State.UNKNOWN

    following = await here.fire(TimerKind.RECONCILE, request.id)
    assert following is not None
    assert following.attempt == 1
    del here.turso.databases["orders"]
    assert await here.fire(TimerKind.RECONCILE, request.id) is None

    assert (await here.now(request)).state is State.SUCCEEDED


@pytest.mark.parametrize(
    ("line", "method", "path", "is_checked"),
    [
        pytest.param("db destroy orders --now", "DELETE", "/databases/orders", True, id="it can be read back"),
        pytest.param("rotate orders", "POST", "/auth/rotate", False, id="it can't be read back"),
    ],
)
async def test_an_unknown_outcome_says_until_when_it_is_checked(
    here: Pipeline, line: str, method: str, path: str, is_checked: bool
) -> None:
    request = await here.approved(line)
    if request.state is State.PENDING:
        await votes.vote(here.env, here.press(BEN, request))
    here.answers_once(method, path, FAULT)
    assert await here.execute(request) is State.UNKNOWN

    until = utc(here.env.clock.now() + timedelta(seconds=30 + 120 + 600 + 3600))
    then = f" I'll keep checking until {until}." if is_checked else ""
    assert (await here.now(request)).outcome.endswith(f"The change may or may not have been made.{then}")


async def test_an_unknown_outcome_that_turso_never_shows_becomes_a_failure(here: Pipeline) -> None:
    request = await here.approved("db destroy orders --now")
    here.answers_once("DELETE", "/databases/orders", FAULT)
    await here.execute(request)

    looks = 1
    while await here.fire(TimerKind.RECONCILE, request.id):
        looks += 1
        assert looks < 10

    assert (await here.now(request)).state is State.FAILED
    assert len(here.changes()) == 1, "the reconciler only reads, and sends nothing again"


async def test_the_first_reminder_does_not_post_the_card_again(here: Pipeline) -> None:
    request = await here.ask("db destroy orders")
    cards = await here.env.store.cards.of(request.id)
    assert len(cards) == 1
    posted = len(here.slack.public)

    following = await here.fire(TimerKind.REMIND, request.id)

    assert len(here.slack.public) == posted, "the card was posted before"
    assert following is not None
    assert following.attempt == 1
