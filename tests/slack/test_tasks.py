"""Tasks that run after an acknowledgement: their failures are logged, and a shutdown waits for them."""

import asyncio

import structlog

from bot.slack.background_tasks import TaskKeeper


async def test_a_shutdown_waits_for_running_tasks_and_for_those_that_they_start() -> None:
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


async def test_a_task_that_does_not_end_in_time_is_cancelled_and_reported() -> None:
    tasks = TaskKeeper()
    forever = tasks.start(asyncio.sleep(3600))
    assert not await tasks.drain(0.05)
    assert forever.cancelled()


async def test_a_failure_is_logged() -> None:
    tasks = TaskKeeper()

    async def fail() -> None:
        raise RuntimeError("broken")

    with structlog.testing.capture_logs() as logs:
        tasks.start(fail())
        assert await tasks.drain(5)
        await asyncio.sleep(0)
    assert [one["event"] for one in logs] == ["a task failed"]
