"""Work after an ack: held, heard when it fails, and waited for."""

import asyncio

import structlog

from bot.slack.background_tasks import TaskKeeper


async def test_a_shutdown_waits_for_what_runs_and_for_what_that_starts() -> None:
    tasks, done = TaskKeeper(), []

    async def second() -> None:
        await asyncio.sleep(0.02)
        done.append("second")

    async def first() -> None:
        await asyncio.sleep(0.02)
        tasks.start(second())

    tasks.start(first())
    assert await tasks.drain(5)
    assert done == ["second"]
    assert len(tasks) == 0


async def test_what_does_not_end_in_time_is_cancelled_and_said() -> None:
    tasks = TaskKeeper()
    forever = tasks.start(asyncio.sleep(3600))
    assert not await tasks.drain(0.05)
    assert forever.cancelled()


async def test_a_failure_is_heard() -> None:
    tasks = TaskKeeper()

    async def fail() -> None:
        raise RuntimeError("broken")

    with structlog.testing.capture_logs() as logs:
        tasks.start(fail())
        assert await tasks.drain(5)
        await asyncio.sleep(0)
    assert [one["event"] for one in logs] == ["a task failed"]
