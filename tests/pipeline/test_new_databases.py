"""A database whose creation got no response: only the request that created it may claim it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from bot.app.workflow_steps import WorkSteps
from bot.core.records.timers import TimerKind
from bot.core.requests.request import State
from bot.core.requests.step_results import BeginResult
from tests.pipeline.in_memory import DANA, REMY, Pipeline

LINES = ["db create shop", "db branch orders shop --for 3d"]


def lost() -> httpx.Response:
    raise httpx.ReadTimeout("the answer was lost")


def lost_after(here: Pipeline, change: Callable[[], object]) -> Callable[[], httpx.Response]:
    def answer() -> httpx.Response:
        change()
        return lost()

    return answer


@pytest.mark.parametrize("other", LINES)
@pytest.mark.parametrize("line", LINES)
async def test_a_request_whose_response_is_lost_does_not_claim_the_database_of_another_one(
    here: Pipeline, line: str, other: str
) -> None:
    """Two people want the same name at the same moment. One gets it, and Turso's response to the other is lost."""
    unlucky, lucky = await here.ask(line, who=DANA), await here.ask(other, who=REMY)
    work = WorkSteps(here.env)
    assert await work.begin(unlucky.id, "execute") is BeginResult.GO
    assert await here.execute(lucky) is State.SUCCEEDED
    here.answers_once("POST", "/databases", lost)
    acted = await work.act(unlucky.id, "execute")

    await work.finish(unlucky.id, "execute", await work.verify(unlucky.id, "execute", acted))

    found = await here.now(unlucky)
    assert found.state is State.FAILED
    assert "`shop` exists, but" in found.outcome
    owners = [one.owner for one in await here.env.store.branches.find(organization="acme")]
    assert DANA not in owners, "the branch isn't recorded as Dana's"


@pytest.mark.parametrize("line", LINES)
async def test_neither_of_two_requests_without_a_response_claims_the_database(here: Pipeline, line: str) -> None:
    both = [await here.ask(line, who=DANA), await here.ask(line, who=REMY)]
    work = WorkSteps(here.env)
    for one in both:
        assert await work.begin(one.id, "execute") is BeginResult.GO
    for one in both:
        here.answers_once("POST", "/databases", lost)
        await work.act(one.id, "execute")
    here.turso.add("shop", parent={"id": here.turso.databases["orders"]["DbId"], "name": "orders"})

    for one in both:
        acted = await WorkSteps(here.env).act(one.id, "execute")
        await work.finish(one.id, "execute", await work.verify(one.id, "execute", acted))

    for one in both:
        while await here.timer(TimerKind.RECONCILE, one.id):
            await here.fire(TimerKind.RECONCILE, one.id)
    for one in both:
        found = await here.now(one)
        assert found.state is State.UNKNOWN
        assert "`shop` exists, but another request may have created it" in found.outcome
    assert await here.env.store.branches.find(organization="acme") == []


async def test_neither_of_two_rewinds_without_a_response_claims_the_copy(
    here: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both requests name the same copy, as if one person had made them before either was approved."""
    monkeypatch.setattr("bot.commands.rewind.rewind.claims", no_claims)
    both = [await here.approved("db rewind orders --to 08:30") for _ in range(2)]
    copy = both[0].plan.arguments["copy"]
    assert both[1].plan.arguments["copy"] == copy
    work = WorkSteps(here.env)
    for one in both:
        assert await work.begin(one.id, "execute") is BeginResult.GO
    for one in both:
        here.answers_once("POST", "/databases", lost)
        await work.act(one.id, "execute")
    here.turso.add(copy, parent={"id": here.turso.databases["orders"]["DbId"], "name": "orders"})

    for one in both:
        acted = await WorkSteps(here.env).act(one.id, "execute")
        await work.finish(one.id, "execute", await work.verify(one.id, "execute", acted))

    assert {(await here.now(one)).state for one in both} == {State.UNKNOWN}


async def no_claims(*arguments: object) -> list[str]:
    return []


async def test_a_request_with_an_unknown_outcome_does_not_prevent_a_later_one_from_claiming_its_database(
    here: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database that is created hours after the first request was sent can't be that request's."""
    first = await here.ask("db create shop")
    here.answers_once("POST", "/databases", lost)
    assert await here.execute(first) is State.UNKNOWN
    second = await here.ask("db create shop")
    later = datetime.now(UTC) + timedelta(hours=3)
    made_at = later + timedelta(seconds=1)
    monkeypatch.setattr("bot.turso.ids.made_at", lambda _: made_at)
    monkeypatch.setattr("bot.pipeline.execution.act.datetime", FixedTime(later))
    here.answers_once("POST", "/databases", lost_after(here, lambda: here.turso.add("shop")))

    assert await here.execute(second) is State.SUCCEEDED


class FixedTime:
    """A clock that always returns the same time."""

    def __init__(self, at: datetime) -> None:
        self._at = at

    def now(self, zone: object) -> datetime:
        return self._at


@pytest.mark.parametrize("line", LINES)
async def test_a_request_whose_response_is_lost_claims_the_database_that_it_created(here: Pipeline, line: str) -> None:
    parent = {"id": here.turso.databases["orders"]["DbId"], "name": "orders"}
    request = await here.ask(line)
    here.answers_once("POST", "/databases", lost_after(here, lambda: here.turso.add("shop", parent=parent)))

    assert await here.execute(request) is State.SUCCEEDED

    assert (await here.now(request)).facts["id"] == here.turso.databases["shop"]["DbId"]


async def test_a_first_try_that_created_nothing_does_not_claim_the_database_of_the_second_one(here: Pipeline) -> None:
    first = await here.ask("db create shop")
    here.answers_once("POST", "/databases", lost)
    assert await here.execute(first) is State.UNKNOWN
    assert await here.execute(await here.ask("db create shop")) is State.SUCCEEDED

    await here.fire(TimerKind.RECONCILE, first.id)

    assert (await here.now(first)).state is State.FAILED


@pytest.mark.parametrize("line", ["db branch orders shop --for 3d", "db rewind orders --to 08:30"])
async def test_a_copy_of_a_recreated_source_is_not_claimed(here: Pipeline, line: str) -> None:
    """The source is destroyed and created again between the last check and the call."""
    request = await (here.approved(line) if "rewind" in line else here.ask(line))
    work = WorkSteps(here.env)
    assert await work.begin(request.id, "execute") is BeginResult.GO
    here.turso.add("orders")

    acted = await work.act(request.id, "execute")
    await work.finish(request.id, "execute", await work.verify(request.id, "execute", acted))

    found = await here.now(request)
    assert found.state is State.FAILED
    assert "a copy of a different database than the `orders` in this request" in found.outcome
    assert await here.env.store.branches.find(organization="acme") == []
