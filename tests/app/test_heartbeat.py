"""A stopping process deletes its row from the table of running processes after the loops that write it have ended."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.app.heartbeat import LIVES_FOR, Heartbeat
from tests.world import running_sandbox

WRITERS = {"background: policy changes", "background: presence"}


async def test_a_process_deletes_its_row_after_the_loops_that_write_it_have_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    running: list[set[str]] = []
    rows: list[bool] = []
    delete = Heartbeat.delete

    async def observed(self: Heartbeat) -> None:
        running.append({task.get_name() for task in asyncio.all_tasks()})
        rows.append(await has_row(self))
        await delete(self)
        rows.append(await has_row(self))

    monkeypatch.setattr(Heartbeat, "delete", observed)
    async with running_sandbox(tmp_path):
        assert {task.get_name() for task in asyncio.all_tasks()} >= WRITERS

    assert len(running) == 1
    assert not running[0] & WRITERS
    assert rows == [True, False]


async def has_row(process: Heartbeat) -> bool:
    return process.id in await process.store.processes.policies(datetime.now(UTC) - LIVES_FOR)
