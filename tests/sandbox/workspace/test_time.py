"""The workspace's time follows a clock and can be moved ahead. Tasks that sleep wake up at their time."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.workspace import Workspace
from bot.sandbox.workspace.timeline import Timeline

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


async def test_moving_the_clock_wakes_tasks_whose_time_has_come() -> None:
    time = Timeline(lambda: NOON)
    sleeping = asyncio.ensure_future(time.sleep(timedelta(hours=1)))
    sooner = asyncio.ensure_future(time.sleep(timedelta(minutes=59)))
    await asyncio.sleep(0)
    time.move(timedelta(minutes=59))
    await asyncio.wait_for(sooner, 5)
    assert not sleeping.done()
    time.move(timedelta(minutes=1))
    await asyncio.wait_for(sleeping, 1)

    assert time.now() == NOON + timedelta(hours=1)


async def test_tasks_wake_up_when_the_clock_that_time_follows_is_moved() -> None:
    moment = [NOON]
    time = Timeline(lambda: moment[0])
    sleeping = asyncio.ensure_future(time.sleep(timedelta(hours=1)))
    await asyncio.sleep(0)
    moment[0] += timedelta(hours=2)

    await asyncio.wait_for(sleeping, 5)


def test_a_stopped_time_changes_only_when_it_is_moved() -> None:
    moment = [NOON]
    time = Timeline(lambda: moment[0])
    time.hold()
    moment[0] += timedelta(hours=1)
    assert time.now() == NOON
    time.move(timedelta(minutes=1))
    assert time.now() == NOON + timedelta(minutes=1)


def test_time_never_goes_back() -> None:
    with pytest.raises(ValueError, match="ahead"):
        Timeline().move(timedelta(seconds=-1))


async def test_new_messages_have_the_moved_time(workspace: Workspace, client: AsyncWebClient) -> None:
    workspace.move_time(timedelta(days=2))
    posted = await client.chat_postMessage(channel="C0DBOPS", text="a")

    assert float(posted["ts"]) > datetime.now(UTC).timestamp() + 100_000
