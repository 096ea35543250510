"""A due timer fires once, whichever process reads it, and again only if its work failed or a crash interrupted it."""

import asyncio
from datetime import UTC, datetime, timedelta

from bot.core.records.timers import Timer, TimerKind
from bot.durable.engine import FIRE, SWEEP
from bot.durable.queue import Queue
from bot.durable.sweep import Sweep
from bot.durable.workflows import LONGEST_PAUSE, pause_after
from bot.store.store import SqlStore
from tests.durable.conftest import Processes, until, wait_until_replaced
from tests.durable.toy import RealClock


def due(subject: str, *, seconds: float = -1, attempt: int = 0) -> Timer:
    return Timer(TimerKind.EXPIRE, subject, datetime.now(UTC) + timedelta(seconds=seconds), attempt)


async def test_a_due_timer_fires_once_and_one_that_is_not_due_does_not(store: SqlStore, processes: Processes) -> None:
    await store.timers.schedule(due("later", seconds=3600))
    await store.timers.schedule(due("now"))
    await processes.start()
    await processes.start()

    await until(lambda: len(processes.done) > 0)
    soon = due("soon", seconds=1)
    await store.timers.schedule(soon)
    await until(lambda: len(processes.done) > 1)
    await wait_until_replaced(store, soon)

    assert processes.done == ["fired expire now 0", "fired expire soon 0"]
    left = await store.timers.due(datetime.now(UTC) + timedelta(days=1))
    assert [timer.subject for timer in left] == ["later"]


async def test_a_timer_with_a_successor_fires_again(store: SqlStore, processes: Processes) -> None:
    (processes.folder / "again-r-1").touch()
    await store.timers.schedule(due("r-1"))
    await processes.start()

    await until(lambda: len(processes.done) == 2)

    assert processes.done == ["fired expire r-1 0", "fired expire r-1 1"]


async def test_a_failure_is_logged_and_retried(store: SqlStore, processes: Processes) -> None:
    (processes.folder / "fail-fire").touch()
    await store.timers.schedule(due("r-1"))
    await processes.start()

    await until(lambda: processes.done == ["fired expire r-1 0"])

    assert "a failure that passes" in processes.log


async def test_timers_that_keep_failing_do_not_prevent_others_from_firing(
    store: SqlStore, processes: Processes
) -> None:
    for number in range(250):
        await store.timers.schedule(due(f"bad-{number}", seconds=-3600))
    await processes.start()
    await until(lambda: processes.log.count("timer.failed") >= 250)

    await store.timers.schedule(due("good"))

    await until(lambda: processes.done == ["fired expire good 0"])
    found = await store.timers.backlog(datetime.now(UTC))
    assert found.failing > 200
    assert found.examples[0].cause == "ConnectionError"


async def test_a_timer_that_failed_fires_once_the_cause_is_gone(
    store: SqlStore, queue: Queue, processes: Processes
) -> None:
    timer = due("bad-1")
    await store.timers.schedule(timer)
    await processes.start()
    await until(lambda: processes.log.count("timer.failed") >= 2)
    while await queue.stuck(for_=timedelta(minutes=-1)):  # until no unfinished workflow is left
        await asyncio.sleep(0.01)

    (processes.folder / "mended").touch()

    await until(lambda: processes.done == ["fired expire bad-1 0"], patience=30)
    await wait_until_replaced(store, timer)
    assert (await store.timers.backlog(datetime.now(UTC))).failing == 0


def test_a_failing_timer_is_tried_less_and_less_often() -> None:
    pauses = [pause_after(failures) for failures in (0, 2, 4, 6)]

    assert pauses == sorted(set(pauses)), "each pause is longer than the one before"
    assert pause_after(0) < timedelta(seconds=3)
    assert LONGEST_PAUSE <= pause_after(10_000) <= LONGEST_PAUSE * 1.25


async def test_a_crash_during_a_timers_work_fires_it_again_after_the_restart(
    store: SqlStore, processes: Processes
) -> None:
    processes.stop_at("fire:before")
    await store.timers.schedule(due("r-1"))
    process = await processes.start()
    await processes.stopped()

    processes.kill(process)
    processes.go_on()
    await processes.start()

    await until(lambda: processes.done == ["fired expire r-1 0"])


async def test_a_timer_that_is_set_again_for_the_same_time_fires_again(
    store: SqlStore, queue: Queue, processes: Processes
) -> None:
    timer = due("r-1")
    await store.timers.schedule(timer)
    await processes.start()
    await until(lambda: len(processes.done) == 1)
    await wait_until_replaced(store, timer)

    await store.timers.schedule(timer)

    await until(lambda: len(processes.done) == 2)


async def test_two_sweeps_start_one_workflow_for_a_timer(store: SqlStore, queue: Queue) -> None:
    await store.timers.schedule(due("r-1"))
    sweep = Sweep(store, queue, RealClock())

    await sweep.run()
    await sweep.run()

    waiting = await queue.client.list_workflows_async(name=FIRE)
    assert len(waiting) == 1


async def test_rows_of_finished_sweeps_and_timers_are_deleted(
    store: SqlStore, queue: Queue, processes: Processes
) -> None:
    await store.timers.schedule(due("r-1"))
    await processes.start()
    await until(lambda: len(processes.done) == 1)
    await processes.stop()

    assert await queue.prune(datetime.now(UTC) + timedelta(minutes=1), names=[SWEEP, FIRE]) >= 2
    ended = await queue.client.list_workflows_async(name=[SWEEP, FIRE], status="SUCCESS")
    assert ended == []
