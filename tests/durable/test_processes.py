"""Several processes on one database: work of a running process isn't repeated, and orphaned work is continued."""

import asyncio
import logging
import signal
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest

from bot.core.requests.request import Request, State
from bot.durable.engine import configure_logging
from bot.durable.executor_locks import ExecutorLocks, executor_locks_of
from bot.durable.orphan_recovery import ROUNDS_UNTIL_LOST, OrphanRecovery
from bot.durable.outages import DurableStoreUnavailable
from bot.durable.queue import Queue
from bot.store.connections.urls import place_of
from bot.store.store import SqlStore
from tests.durable.conftest import Processes, approved, incoming_now, until, wait_until_closed, wait_until_ended
from tests.durable.toy import RealClock
from tests.soak import soaked


async def test_each_process_has_its_own_lock_and_releases_it(database_url: str, store: SqlStore) -> None:
    def locks() -> ExecutorLocks:
        return executor_locks_of(place_of(database_url).for_dbos)

    first, second = locks(), locks()

    number, other = await first.take(), await second.take()
    assert number != other
    async with second.borrowed(number) as is_free:
        assert not is_free
    await first.leave()
    async with second.borrowed(number) as is_free:
        assert is_free
    again = await first.take()
    if database_url.startswith("sqlite"):
        assert (number, other, again) == (1, 2, 1)
    else:
        assert again != number, "leftover work of the first run must not look like work of the second"

    await first.leave()
    await second.leave()


async def test_only_the_work_of_dead_processes_is_recovered(
    database_url: str, store: SqlStore, queue: Queue, processes: Processes
) -> None:
    recovery = OrphanRecovery(queue, executor_locks_of(place_of(database_url).for_dbos), store, RealClock())
    processes.stop_at("act:before")
    process = await processes.start()
    wanted = await approved(store)
    await processes.stopped()

    assert await recovery.recover() == 0
    processes.kill(process)
    (left,) = (await queue.unfinished_by_others("")).values()  # may also contain a sweep
    assert f"{wanted.id}:execute" in left
    assert await recovery.recover() == len(left)
    assert await recovery.recover() == 0

    processes.go_on()
    await processes.start()
    await wait_until_ended(store, wanted.id)
    assert processes.done.count("begin r-0000000001") == 1
    assert processes.done.count("SENT r-0000000001") == 1


async def test_a_lost_intent_that_could_not_be_enqueued_is_enqueued_in_the_next_round(
    database_url: str, store: SqlStore, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    recovery = OrphanRecovery(queue, executor_locks_of(place_of(database_url).for_dbos), store, RealClock())
    await store.intents.record(incoming_now(1))
    tried, after_each = list[str](), list[int]()

    async def enqueue(intent_id: str) -> None:
        tried.append(intent_id)
        if len(tried) == 1:
            raise DurableStoreUnavailable("the connection broke")

    monkeypatch.setattr(queue, "enqueue_resume", enqueue)
    for _ in range(ROUNDS_UNTIL_LOST + 3):
        with suppress(DurableStoreUnavailable):
            await recovery._resume_lost_intents()
        after_each.append(len(tried))

    assert after_each == [0] * (ROUNDS_UNTIL_LOST - 1) + [1, 2, 2, 2]


async def test_a_running_process_resumes_what_a_dead_one_left(store: SqlStore, processes: Processes) -> None:
    processes.stop_at("act:after")
    first = await processes.start()
    wanted = await approved(store)
    await processes.stopped()
    processes.go_on()
    await processes.start()

    processes.kill(first)

    await wait_until_ended(store, wanted.id)
    assert processes.done.count("SENT r-0000000001") == 1


async def test_kills_during_a_load_lose_nothing_and_repeat_nothing(store: SqlStore, processes: Processes) -> None:
    first, _ = await processes.start(), await processes.start()
    wanted = [await approved(store, number) for number in range(1, 16)]
    await until(lambda: sum(line.startswith("SENT") for line in processes.done) >= 3)

    processes.kill(first)
    await processes.start()

    outcomes = {one.id: (await wait_until_ended(store, one.id)).outcome for one in wanted}
    sent = [line.removeprefix("SENT ") for line in processes.done if line.startswith("SENT")]
    assert len(sent) == len(set(sent))
    # A change that was marked as sent, but not sent before the kill, isn't sent again. Its outcome says so.
    assert {one for one in outcomes if one not in sent} <= {one for one, said in outcomes.items() if said == "before"}


async def test_a_phase_that_a_stopping_process_interrupts_is_finished_by_the_next_one(
    store: SqlStore, processes: Processes
) -> None:
    processes.stop_at("see:before")
    process = await processes.start()
    wanted = await approved(store)
    await processes.stopped()

    process.terminate()
    status = await asyncio.to_thread(process.wait, 30)

    assert status == 0
    kept = await store.requests.get(wanted.id)
    assert kept
    assert kept.state is State.EXECUTING
    assert "durable.cut_short" in processes.log
    assert "Traceback" not in processes.log

    processes.running.remove(process)
    processes.go_on()
    await processes.start()
    await wait_until_ended(store, wanted.id)
    assert processes.done.count("SENT r-0000000001") == 1


async def test_work_that_dbos_dequeues_while_a_process_stops_is_left_to_the_next_one(
    store: SqlStore, processes: Processes
) -> None:
    """DBOS dequeues work until it has shut down. On a busy loop, such work starts when DBOS has no threads any more."""
    (processes.folder / "busy-end").write_text(soaked("0.2", "0.1"))
    process = await processes.start()
    process.terminate()
    wanted: list[Request] = []
    while process.poll() is None:
        wanted.append(await approved(store, len(wanted) + 1))
        await asyncio.sleep(0.05)
    assert process.wait() == 0
    processes.running.remove(process)
    assert "Traceback" not in processes.log

    (processes.folder / "busy-end").unlink()
    await processes.start()
    for one in wanted:
        await wait_until_ended(store, one.id)
    sent = [line.removeprefix("SENT ") for line in processes.done if line.startswith("SENT")]
    assert len(set(sent)) == len(sent)
    unsent = {one.id for one in wanted} - set(sent)
    assert not unsent or "durable.cut_short" in processes.log
    for one_id in unsent:  # each was interrupted after it was marked as sent, so it may have been sent
        found = await store.requests.get(one_id)
        assert found is not None
        assert found.sent_at is not None


def test_work_that_dbos_dequeues_too_late_is_one_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("dbos")
    for stops in (False, True, False):
        caplog.clear()
        configure_logging(stops=stops)
        try:
            raise RuntimeError("cannot schedule new futures after shutdown")
        except RuntimeError:
            logger.exception("Exception in %s", "r-1")
        (record,) = caplog.records
        expected = (logging.WARNING, True) if stops else (logging.ERROR, False)
        assert (record.levelno, record.exc_info is None) == expected
        assert "cannot schedule new futures" in record.getMessage() or not stops


async def test_an_idle_process_stops_within_seconds(store: SqlStore, processes: Processes) -> None:
    process = await processes.start()
    began = time.monotonic()

    process.send_signal(signal.SIGTERM)
    status = await asyncio.to_thread(process.wait, 30)

    assert status == 0
    assert time.monotonic() - began < 5
    processes.running.remove(process)


async def test_an_intent_that_a_crash_left_is_resumed_after_the_restart(store: SqlStore, processes: Processes) -> None:
    await store.intents.record(incoming_now(1))
    await store.intents.record(incoming_now(2))
    await store.intents.close("i-0000000002")

    await processes.start()
    await processes.start()
    await store.intents.record(incoming_now(3))
    await until(lambda: len(processes.done) > 0)

    assert processes.done == ["resumed i-0000000001"]
    await wait_until_closed(store, "i-0000000001")
    still_open = await store.intents.find_open(before=datetime.now(UTC) + timedelta(days=1))
    assert [intent.id for intent in still_open] == ["i-0000000003"]
