"""An outage of PostgreSQL is noticed soon, and logged as a sentence without a traceback."""

import logging
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from bot.core.concurrency.background import Background
from bot.durable.engine import configure_logging
from bot.durable.executor_locks import AdvisoryExecutorLocks, executor_locks_of
from bot.durable.fenced_engine import engine_for_dbos
from bot.durable.orphan_recovery import OrphanRecovery
from bot.durable.outages import DurableStoreUnavailable
from bot.durable.queue import Queue
from bot.store.connections.failures import describe_failure
from bot.store.connections.urls import place_of
from tests.durable.toy import RealClock
from tests.process import free_port

REFUSED = "No PostgreSQL server listens at the host and port in DATABASE_URL."
Call = Callable[[Queue], Awaitable[Any]]
CALLS: dict[str, Call] = {
    "enqueue_resume": lambda queue: queue.enqueue_resume("i-1"),
    "ended": lambda queue: queue.ended(["w"]),
    "forget": lambda queue: queue.forget(["w"]),
    "unfinished_by_others": lambda queue: queue.unfinished_by_others("executor-1"),
    "begun_by": lambda queue: queue.begun_by("executor-1"),
    "resume": lambda queue: queue.resume(["w"]),
    "stuck": lambda queue: queue.stuck(for_=timedelta(0)),
    "prune": lambda queue: queue.prune(datetime.now(UTC)),
}


def url_without_server() -> str:
    return place_of(f"postgresql://u:canary@127.0.0.1:{free_port()}/d").for_dbos


def test_every_method_of_the_queue_is_tested() -> None:
    found = {name for name, one in vars(Queue).items() if one.__class__.__name__ == "function" and name[0] != "_"}
    # `enqueue` and `enqueue_timer` run in a transaction of the store, which reports its own errors.
    assert found == {*CALLS, "enqueue", "enqueue_timer", "close"}


def sqlite_error(statement: str) -> sqlite3.Error:
    """Return the error of a statement in an empty database in memory."""
    with closing(sqlite3.connect(":memory:")) as connection, pytest.raises(sqlite3.Error) as raised:
        connection.execute(statement)
    return raised.value


async def test_every_method_of_the_queue_says_what_is_wrong() -> None:
    queue = Queue(url_without_server(), describe_failure)
    for call in CALLS.values():
        with pytest.raises(DurableStoreUnavailable) as raised:
            await call(queue)
        assert raised.value.cause == REFUSED
    await queue.close()


@pytest.mark.parametrize(
    ("error", "is_shown"),
    [
        (OperationalError("SELECT 1", {}, Exception("gone")), False),
        (OperationalError("SELECT 1", {}, sqlite_error("ATTACH '/' AS other")), False),
        (OperationalError("SELECT 1", {}, sqlite_error("SELECT missing")), True),
        (KeyError("a bug"), True),
    ],
    ids=["an outage", "a file that can't be opened", "a faulty statement in SQLite", "a bug"],
)
def test_dbos_shows_a_traceback_only_for_a_bug(error: Exception, is_shown: bool) -> None:
    configure_logging()
    record = logging.LogRecord("dbos", logging.ERROR, "", 0, "DBOS failed to launch:", (), (type(error), error, None))

    assert logging.getLogger("dbos").filter(record)

    assert bool(record.exc_info) == is_shown
    assert record.getMessage() == "DBOS failed to launch:" + ("" if is_shown else " OperationalError")


class QueueWithOrphans(Queue):
    """A queue that returns orphaned work, so that its recovery fails only when it tries to take a lock."""

    async def unfinished_by_others(self, executor_id: str) -> dict[str, list[str]]:
        return {"executor-7": ["w"]}


@pytest.mark.parametrize("kind", [Queue, QueueWithOrphans], ids=["at the list", "at the lock"])
async def test_a_loop_that_looks_for_orphaned_work_logs_one_sentence(kind: type[Queue]) -> None:
    url, background = url_without_server(), Background()
    queue = kind(url, describe_failure)
    recovery = OrphanRecovery(
        queue, executor_locks_of(url, describe_failure), cast(Any, None), RealClock(), describe_failure
    )
    loops = recovery.start(1, background)
    for loop in loops:
        await loop.stop()

    with capture_logs() as said:
        assert not await loops[0].round()
    await queue.close()

    assert [(one["event"], one["loop"], one["why"]) for one in said] == [
        ("background.failed", "orphaned workflows", REFUSED)
    ]
    assert "exc_info" not in said[0]


async def test_no_connection_waits_long_for_a_machine_that_no_longer_confirms_anything(postgresql_url: str) -> None:
    url = place_of(postgresql_url).for_dbos
    engine, locks = engine_for_dbos(make_url(url), 1, "test"), executor_locks_of(url)
    assert isinstance(locks, AdvisoryExecutorLocks)
    for_lock = await locks._connect()
    try:
        with engine.connect() as connection:
            for_dbos: Any = connection.connection.driver_connection
            limits = [int(one.info.get_parameters()["tcp_user_timeout"]) for one in (for_dbos, for_lock)]
    finally:
        await for_lock.close()
        engine.dispose()

    assert all(0 < milliseconds <= 30_000 for milliseconds in limits)
