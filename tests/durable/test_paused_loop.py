"""Workflows run on the event loop that launched them, even if the loop is paused for a while, as between two tests."""

import asyncio
import logging
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from bot.core.requests.step_results import BeginResult
from bot.durable.durable import Durable
from bot.durable.engine import PICK_UP_SECONDS
from bot.durable.queue import Queue
from bot.store.connections.urls import place_of
from bot.store.store import SqlStore, open_store
from tests.durable.conftest import approved, wait_until_ended
from tests.durable.toy import RealClock, ToyWork
from tests.stores import copy_store


class ObservedWork(ToyWork):
    """Records the loop on which each workflow runs."""

    def __init__(self, store: SqlStore, folder: Path) -> None:
        super().__init__(store, folder)
        self.loops: list[Any] = []

    async def begin(self, request_id: str, phase: str) -> BeginResult:
        self.loops.append(asyncio.get_running_loop())
        return await super().begin(request_id, phase)


async def launched(url: str, folder: Path, stack: AsyncExitStack) -> ObservedWork:
    """Start durable work, and return its steps. It is stopped when the stack is closed."""
    place = place_of(url)
    queue = Queue(place.for_dbos)
    stack.push_async_callback(queue.close)
    store = await stack.enter_async_context(open_store(url, RealClock(), enqueuer=queue))
    work = ObservedWork(store, folder)
    durable = Durable(place.for_dbos, store=store, work=work, resume=work.resume, clock=RealClock(), queue=queue)
    stack.push_async_callback(durable.close)
    await durable.launch()
    return work


def test_a_workflow_that_is_dequeued_while_the_loop_is_paused_runs_once_the_loop_continues(tmp_path: Path) -> None:
    stack = AsyncExitStack()
    with asyncio.Runner() as runner:
        work = runner.run(launched(copy_store(tmp_path / "turso-ops.db"), tmp_path, stack))
        for number in range(1, 4):
            wanted = runner.run(approved(work.store, number))
            time.sleep(4 * PICK_UP_SECONDS)  # DBOS looks into its queue meanwhile, in another thread
            runner.run(wait_until_ended(work.store, wanted.id))
        runner.run(stack.aclose())

        assert work.loops == 3 * [runner.get_loop()]


def test_an_error_that_dbos_logs_after_its_shutdown_is_one_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    stack = AsyncExitStack()
    with asyncio.Runner() as runner:
        runner.run(launched(copy_store(tmp_path / "turso-ops.db"), tmp_path, stack))
        runner.run(stack.aclose())
        caplog.clear()
        try:
            raise RuntimeError("Executor shutdown has been called")
        except RuntimeError:
            logging.getLogger("dbos").exception("Exception encountered in asynchronous workflow:")

    (record,) = caplog.records
    assert (record.levelno, record.exc_info) == (logging.WARNING, None)
    assert "Executor shutdown" in record.getMessage()
