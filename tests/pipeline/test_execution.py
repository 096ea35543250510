"""Execution: check for plan drift, mark as sent, act at most once, read back, and report only what is known."""

from typing import Any, NoReturn

import httpx
import pytest

from bot.app.workflow_steps import WorkSteps
from bot.core.records.timers import TimerKind
from bot.core.requests.request import State
from bot.core.requests.step_results import ActResult, Attempt, BeginResult, PhaseResult
from bot.pipeline.approval import votes
from tests.pipeline.in_memory import BEN, Pipeline

DELETE = "DELETE /databases/orders"
REFUSAL = httpx.Response(403, json={"error": "this is not possible"})
FAULT = httpx.Response(500, json={"error": "internal error"})


async def test_an_approved_change_is_made_once_and_audited(here: Pipeline) -> None:
    request = await here.approved("db destroy orders --now")

    assert await here.execute(request) is State.SUCCEEDED

    assert here.changes() == [DELETE]
    assert (await here.events(request))[-1] == "executed/succeeded"
    assert await WorkSteps(here.env).begin(request.id, "execute") is BeginResult.STOP


async def test_a_request_without_its_approvals_is_not_started(here: Pipeline) -> None:
    request = await here.ask("db destroy orders --now")

    assert await WorkSteps(here.env).begin(request.id, "execute") is BeginResult.STOP
    assert (await here.now(request)).state is State.PENDING


async def test_a_step_that_runs_again_sends_nothing_again(here: Pipeline) -> None:
    request = await here.approved("db destroy orders --now")
    work = WorkSteps(here.env)
    await work.begin(request.id, "execute")
    await work.act(request.id, "execute")

    acted = await WorkSteps(here.env).act(request.id, "execute")

    assert acted == ActResult(Attempt.BEFORE)
    assert here.changes() == [DELETE]
    seen = await work.verify(request.id, "execute", acted)
    assert seen.result is PhaseResult.SUCCEEDED, "Turso shows the change"


@pytest.mark.parametrize("steps", ["before begin", "before act"])
async def test_a_database_that_was_created_again_is_not_touched(here: Pipeline, steps: str) -> None:
    request = await here.approved("db destroy orders --now")
    work = WorkSteps(here.env)
    if steps == "before act":  # another process continues, as after a crash
        await work.begin(request.id, "execute")
    here.turso.add("orders")

    assert await here.execute(request) is State.STALE
    assert here.changes() == []


async def test_a_denial_stops_a_change_that_was_not_sent_yet(here: Pipeline) -> None:
    request = await here.approved("db destroy orders --now")
    work = WorkSteps(here.env)
    assert await work.begin(request.id, "execute") is BeginResult.GO
    await votes.refuse(here.env, here.press(BEN, request), "stop")

    acted = await work.act(request.id, "execute")
    await work.finish(request.id, "execute", await work.verify(request.id, "execute", acted))

    assert acted == ActResult(Attempt.STOPPED)
    assert here.changes() == []
    assert (await here.now(request)).state is State.DENIED


async def test_a_refusal_by_turso_is_a_failure(here: Pipeline) -> None:
    request = await here.approved("db destroy orders --now")
    here.answers_once("DELETE", "/databases/orders", REFUSAL)

    assert await here.execute(request) is State.FAILED
    assert "this is not possible" in (await here.now(request)).outcome


def no_answer() -> NoReturn:
    raise httpx.ReadTimeout("too slow")


@pytest.mark.parametrize("answer", [FAULT, no_answer], ids=["500", "no answer"])
async def test_a_change_that_turso_neither_confirms_nor_shows_is_unknown(here: Pipeline, answer: Any) -> None:
    request = await here.approved("db destroy orders --now")
    here.answers_once("DELETE", "/databases/orders", answer)

    assert await here.execute(request) is State.UNKNOWN


async def test_after_a_lost_answer_the_read_back_decides(here: Pipeline) -> None:
    request = await here.approved("db destroy orders --now")

    def deletes_without_an_answer() -> NoReturn:
        del here.turso.databases["orders"]
        no_answer()

    here.answers_once("DELETE", "/databases/orders", deletes_without_an_answer)

    assert await here.execute(request) is State.SUCCEEDED
    assert here.changes() == [DELETE]


@pytest.mark.parametrize(
    "page",
    [
        {"text": "404 page not found"},
        {"json": {"message": "Not Found"}},
        {"json": {"error": "Not Found"}},
        {},
    ],
    ids=["text", "JSON", "JSON with `error`", "nothing"],
)
async def test_a_proxys_404_does_not_show_that_the_database_is_gone(here: Pipeline, page: dict[str, Any]) -> None:
    request = await here.approved("db destroy orders --now")
    real, deleted = here.turso.handle, []

    def handle(request: httpx.Request) -> httpx.Response:
        if request.method == "DELETE":
            deleted.append(request)
            no_answer()
        return httpx.Response(404, **page) if deleted else real(request)

    here.of.turso.handle = handle  # type: ignore[method-assign]

    assert await here.execute(request) is State.UNKNOWN
    assert "orders" in here.turso.databases


async def test_a_new_database_is_not_reported_before_its_id_is_known(here: Pipeline) -> None:
    wanted = await here.ask("db create shop")
    real, seen = here.of.turso.handle, []

    def handle(request: httpx.Request) -> httpx.Response:
        if request.method == "POST" and request.url.path.endswith("/databases"):
            real(request)
            no_answer()
        if "shop" in here.turso.databases and request.url.path.endswith("/databases/shop"):
            seen.append(request)
            if len(seen) > 1:
                return httpx.Response(403, json={"error": "not now"})
        return real(request)

    here.of.turso.handle = handle  # type: ignore[method-assign]
    assert await here.execute(wanted) is State.UNKNOWN
    assert await here.fire(TimerKind.RECONCILE, wanted.id) is not None

    here.of.turso.handle = real  # type: ignore[method-assign]
    await here.fire(TimerKind.RECONCILE, wanted.id)
    now = await here.now(wanted)
    assert now.state is State.SUCCEEDED
    assert now.facts["id"] == here.turso.databases["shop"]["DbId"]


async def test_an_approval_that_is_too_old_starts_nothing(here: Pipeline) -> None:
    request = await here.approved("db destroy orders --now")
    here.pass_time(days=2)

    assert await here.execute(request) is State.EXPIRED
    assert here.changes() == []


async def test_a_change_that_a_crash_delayed_is_not_sent_once_the_approval_is_too_old(here: Pipeline) -> None:
    request = await here.approved("db destroy orders --now")
    assert await WorkSteps(here.env).begin(request.id, "execute") is BeginResult.GO
    here.pass_time(days=3)  # another process resumes the request before its expiry timer fires

    assert await here.execute(request) is State.EXPIRED
    assert here.changes() == []
    assert (await here.events(request))[-1] == "expired/expired"


async def test_an_approved_request_whose_rule_was_removed_does_not_start(here: Pipeline) -> None:
    request = await here.approved("db destroy orders --now")
    here.of.is_forbidden = True

    assert await here.execute(request) is State.STALE
    assert here.changes() == []
