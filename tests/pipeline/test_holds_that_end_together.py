"""Two holds that end at the same time each leave their common blocks to the other.

A timer then removes these blocks, unless they were set before or may have been set by someone else since.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from bot.app.unexplained_blocks import find_unexplained
from bot.app.workflow_steps import WorkSteps
from bot.commands.databases import _holds as holding
from bot.core.records.audit_entry import TIMER
from bot.core.records.holds import Hold, HoldKind
from bot.core.records.timers import Timer, TimerKind
from bot.core.requests.request import Request, State
from bot.core.requests.step_results import BeginResult
from bot.errors import Unavailable
from bot.pipeline.quarantine.undo import start_undo
from bot.pipeline.requests import open_items
from bot.pipeline.timers.unblocking import Rest, open_rest
from tests.crash.simulation import press
from tests.pipeline.in_memory import DANA, Pipeline
from tests.present import present

Finish = Callable[[], Awaitable[State]]


async def freeze(here: Pipeline, options: str = "") -> Hold:
    """Freeze `orders`, and return the hold."""
    request = await here.ask(f"db freeze orders {options}".strip())
    assert await here.execute(request) is State.SUCCEEDED
    own = [one for one in await holds(here) if one.request_id == request.id and one.kind is HoldKind.FREEZE]
    return own[0]


async def quarantine(here: Pipeline) -> Request:
    request = await here.approved("db destroy orders")
    assert await here.execute(request) is State.QUARANTINED
    return request


async def holds(here: Pipeline) -> list[Hold]:
    return await here.env.store.holds.find(organization="acme")


def blocked(here: Pipeline) -> tuple[bool, bool]:
    now = here.turso.configurations["orders"]
    return bool(now["block_reads"]), bool(now["block_writes"])


async def begin_thaw_of(here: Pipeline, hold: Hold) -> Finish:
    """Press **Thaw** for a freeze, and run the request up to its read-back. Return the function that ends it."""
    await open_items.thaw_hold(here.env, press(here.of, DANA, "hold.thaw", hold.id, f"thaw-{hold.id}"))
    (request,) = await here.env.store.requests.find(states=[State.APPROVED], command="thaw")
    return await begin(here, request, "execute")


async def begin_undo_of(here: Pipeline, request: Request) -> Finish:
    """Start an Undo, and run it up to its read-back. Return the function that ends it."""
    assert await start_undo(here.env, request, by=DANA)
    return await begin(here, request, "undo")


async def begin(here: Pipeline, request: Request, phase: str) -> Finish:
    """Run a phase up to its read-back. Return the function that releases its hold and ends it."""
    work = WorkSteps(here.env)
    assert await work.begin(request.id, phase) is BeginResult.GO
    seen = await work.verify(request.id, phase, await work.act(request.id, phase))

    async def finish() -> State:
        await work.finish(request.id, phase, seen)
        await work.notify(request.id, phase)
        return (await here.now(request)).state

    return finish


async def fire_unblocking(here: Pipeline) -> None:
    """Fire the due timers that remove blocks that were left, in five rounds."""
    for _ in range(5):
        due = await here.env.store.timers.due(here.of.now(), limit=1000)
        for timer in due:
            if timer.kind is TimerKind.UNBLOCK:
                await here.fire(timer.kind, timer.subject)


async def check_nothing_is_unexplained(here: Pipeline) -> None:
    found = await find_unexplained(here.env.turso_clients, ["acme"], here.env.store.holds)
    assert found.unexplained == []


async def test_a_thaw_by_hand_and_the_end_of_a_freeze_leave_nothing_blocked(here: Pipeline) -> None:
    by_hand, by_time = await freeze(here), await freeze(here, "--for 30m")
    finish = await begin_thaw_of(here, by_hand)

    await here.fire(TimerKind.THAW, by_time.id)
    assert await finish() is State.SUCCEEDED
    await fire_unblocking(here)

    assert await holds(here) == []
    assert blocked(here) == (False, False)
    assert len([one for one in here.slack.public if "is unblocked now" in one]) == 1
    await check_nothing_is_unexplained(here)


async def test_a_block_that_is_found_an_hour_later_is_left_alone(here: Pipeline) -> None:
    """Someone else may have set it by then."""
    by_hand, by_time = await freeze(here), await freeze(here, "--for 30m")
    finish = await begin_thaw_of(here, by_hand)
    await here.fire(TimerKind.THAW, by_time.id)
    assert await finish() is State.SUCCEEDED

    here.pass_time(hours=1)
    await fire_unblocking(here)

    assert blocked(here) == (False, True)


@pytest.mark.parametrize("first", ["undo", "thaw"])
async def test_an_undo_and_a_thaw_leave_nothing_blocked(here: Pipeline, first: str) -> None:
    frozen = await freeze(here)
    ends = [await begin_undo_of(here, await quarantine(here)), await begin_thaw_of(here, frozen)]

    for finish in ends if first == "undo" else reversed(ends):
        assert await finish() in (State.RESTORED, State.SUCCEEDED)
    await fire_unblocking(here)

    assert await holds(here) == []
    assert blocked(here) == (False, False)
    await check_nothing_is_unexplained(here)


async def test_a_freeze_that_is_refused_while_another_ends_leaves_nothing_blocked(here: Pipeline) -> None:
    """The first freeze leaves its block to the second, which Turso then refuses."""
    ending = await freeze(here, "--for 30m")
    starting, work = await here.ask("db freeze orders"), WorkSteps(here.env)
    assert await work.begin(starting.id, "execute") is BeginResult.GO

    await here.fire(TimerKind.THAW, ending.id)
    here.answers_once("PATCH", "/orders/configuration", httpx.Response(400, json={"error": "no"}))
    acted = await work.act(starting.id, "execute")
    await work.finish(starting.id, "execute", await work.verify(starting.id, "execute", acted))
    await fire_unblocking(here)

    assert (await here.now(starting)).state is State.FAILED
    assert await holds(here) == []
    assert blocked(here) == (False, False)


async def test_what_others_had_blocked_stays_blocked_after_two_freezes_end_together(here: Pipeline) -> None:
    here.turso.configurations["orders"]["block_writes"] = True
    by_hand, by_time = await freeze(here, "--reads"), await freeze(here, "--reads --for 30m")
    finish = await begin_thaw_of(here, by_hand)

    await here.fire(TimerKind.THAW, by_time.id)
    await finish()
    await fire_unblocking(here)

    assert await holds(here) == []
    assert blocked(here) == (False, True)


async def test_a_block_that_is_left_is_checked_again_later_while_another_request_starts(here: Pipeline) -> None:
    by_hand, by_time = await freeze(here), await freeze(here, "--for 30m")
    finish = await begin_thaw_of(here, by_hand)
    await here.fire(TimerKind.THAW, by_time.id)
    await finish()
    starting, work = await here.ask("db freeze orders"), WorkSteps(here.env)
    assert await work.begin(starting.id, "execute") is BeginResult.GO

    following = await here.fire(TimerKind.UNBLOCK, by_hand.id)

    assert following is not None
    assert following.failures == 0
    assert blocked(here) == (False, True), "the freeze that starts needs it"
    acted = await work.act(starting.id, "execute")
    await work.finish(starting.id, "execute", await work.verify(starting.id, "execute", acted))
    assert await here.fire(TimerKind.UNBLOCK, by_hand.id) is None
    assert blocked(here) == (False, True)


async def test_a_block_that_turso_still_shows_is_removed_again(here: Pipeline) -> None:
    by_hand, by_time = await freeze(here), await freeze(here, "--for 30m")
    finish = await begin_thaw_of(here, by_hand)
    await here.fire(TimerKind.THAW, by_time.id)
    await finish()
    unchanged = httpx.Response(200, json=here.turso.configurations["orders"])
    here.answers_once("PATCH", "/orders/configuration", unchanged)

    following = await here.fire(TimerKind.UNBLOCK, by_hand.id)

    assert following is not None
    assert following.failures == 1, "doctor names it"
    assert await here.fire(TimerKind.UNBLOCK, by_hand.id) is None
    assert blocked(here) == (False, False)


async def test_a_database_of_the_same_name_is_not_unblocked(here: Pipeline) -> None:
    by_hand, by_time = await freeze(here), await freeze(here, "--for 30m")
    finish = await begin_thaw_of(here, by_hand)
    await here.fire(TimerKind.THAW, by_time.id)
    await finish()
    here.turso.add("orders")
    here.turso.configurations["orders"]["block_writes"] = True

    assert await here.fire(TimerKind.UNBLOCK, by_hand.id) is None

    assert blocked(here) == (False, True)


async def test_a_freeze_that_ends_alone_leaves_no_timer_to_unblock(here: Pipeline) -> None:
    hold = await freeze(here)
    finish = await begin_thaw_of(here, hold)
    await finish()

    assert await here.timer(TimerKind.UNBLOCK, hold.id) is None
    assert blocked(here) == (False, False)


async def test_what_others_had_blocked_stays_blocked_if_the_last_hold_ends_by_a_clock_that_is_behind(
    here: Pipeline,
) -> None:
    here.turso.configurations["orders"]["block_writes"] = True
    first, second, last = await freeze(here, "--for 30m"), await freeze(here), await freeze(here)
    await here.fire(TimerKind.THAW, first.id)
    await (await begin_thaw_of(here, second))()

    here.pass_time(seconds=-30)
    await (await begin_thaw_of(here, last))()
    here.pass_time(seconds=30)
    await fire_unblocking(here)

    assert await holds(here) == []
    assert blocked(here) == (False, True)


async def test_the_log_says_that_unblocking_began_before_it_did_and_that_turso_shows_it(here: Pipeline) -> None:
    hold = await left_blocked(here)
    unchanged = httpx.Response(200, json=here.turso.configurations["orders"])
    here.answers_once("PATCH", "/orders/configuration", unchanged)

    assert present(await here.fire(TimerKind.UNBLOCK, hold.id)).failures == 1
    assert await unblocked(here) == ["begun"]

    await here.fire(TimerKind.UNBLOCK, hold.id)
    assert await unblocked(here) == ["begun", "succeeded"]
    page = await here.env.store.audit.page(before_seq=None, limit=100)
    (last,) = [one for _, one in page if (one.event, one.outcome) == ("unblocked", "succeeded")]
    assert (last.user_id, last.databases, last.request_id) == (TIMER, ("orders",), hold.request_id)
    assert last.detail["hold"] == hold.id


async def test_two_processes_that_unblock_the_same_database_are_logged_once(here: Pipeline) -> None:
    left = await left_blocked(here)
    hold, turso = present(await here.env.store.holds.get(left.id)), here.env.turso_clients.turso("acme")

    rests = await asyncio.gather(*(open_rest(here.env, turso, hold) for _ in range(2)))

    assert (set(rests), blocked(here)) == ({Rest.UNBLOCKED}, (False, False))
    assert await unblocked(here) == ["begun", "succeeded"]


async def test_people_are_notified_of_the_unblocking_although_slack_did_not_respond_at_first(
    here: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold = await left_blocked(here)
    with monkeypatch.context() as patched:
        patched.setattr(here.slack, "post", refuse_for_now)
        with pytest.raises(Unavailable):
            await here.fire(TimerKind.UNBLOCK, hold.id)
    assert blocked(here) == (False, False)

    await fire_unblocking(here)

    assert len([one for one in here.slack.public if "is unblocked now" in one]) == 1
    assert await unblocked(here) == ["begun", "succeeded"]


async def stopped_after_its_release(here: Pipeline) -> Hold:
    """End two freezes. The process stops right after the release of the first one, whose timer will fire again."""
    by_hand, by_time = await freeze(here), await freeze(here, "--for 30m")
    finish = await begin_thaw_of(here, by_hand)
    turso = here.env.turso_clients.turso("acme")
    assert await holding.lift_once(turso, here.env.store, holding.lift_of(by_time))
    await here.env.store.holds.release(by_time.id, here.of.now(), keeps_timer=True)
    await here.env.store.timers.schedule(Timer(TimerKind.THAW, by_time.id, here.of.now()))
    await finish()
    return by_time


async def test_the_end_of_a_freeze_is_tried_again_if_turso_still_shows_a_block_that_was_left_to_it(
    here: Pipeline,
) -> None:
    by_time = await stopped_after_its_release(here)
    unchanged = httpx.Response(200, json=here.turso.configurations["orders"])
    here.answers_once("PATCH", "/orders/configuration", unchanged)

    assert present(await here.fire(TimerKind.THAW, by_time.id)).failures == 1
    assert await here.fire(TimerKind.THAW, by_time.id) is None

    assert blocked(here) == (False, False)
    assert [one for one in here.slack.public if "The freeze on orders has ended. The database is unblocked" in one]


async def test_a_process_that_starts_an_hour_after_a_release_leaves_a_block_alone(here: Pipeline) -> None:
    by_time = await stopped_after_its_release(here)
    here.pass_time(hours=1)

    assert await here.fire(TimerKind.THAW, by_time.id) is None

    assert blocked(here) == (False, True)
    assert [one for one in here.slack.public if "has ended, but writes are still blocked" in one]


async def left_blocked(here: Pipeline) -> Hold:
    """End two freezes that leave their block to each other, and return the one whose timer unblocks it."""
    by_hand, by_time = await freeze(here), await freeze(here, "--for 30m")
    finish = await begin_thaw_of(here, by_hand)
    await here.fire(TimerKind.THAW, by_time.id)
    await finish()
    return by_hand


async def unblocked(here: Pipeline) -> list[str]:
    """Return the outcomes of the audit entries about blocks that were left, oldest first."""
    page = await here.env.store.audit.page(before_seq=None, limit=100)
    return [one.outcome for _, one in reversed(page) if one.event == "unblocked"]


async def refuse_for_now(*arguments: Any, **named: Any) -> str:
    raise Unavailable("Slack didn't respond.")
