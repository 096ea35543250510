"""The sandbox's usage history is long enough for alerts on the first day, and matches the local Turso."""

import itertools
from collections import defaultdict
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.core.alerts import Measure
from bot.core.alerts.forecast import DAYS_AT_LEAST, closes_day, daily
from bot.core.alerts.hours import HOUR, due_at
from bot.sandbox.history import seed_hours
from bot.sandbox.platform.catalog.usage import Period, month_of, of_organization, sum_of_organization
from tests.world import World, running_sandbox


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with running_sandbox(tmp_path) as played:
        assert played.bot is not None
        await seed_hours(played.platform.state.turso, played.bot.store, played.clock)
        yield played


async def test_the_hours_of_a_day_add_up_to_what_turso_counted(world: World) -> None:
    assert world.bot is not None
    turso, samples = world.platform.state.turso, world.bot.store.samples
    now = world.clock.now().astimezone(UTC)
    day = (now - timedelta(days=3)).date()
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    # readings are taken at :58, so a day's first one includes two minutes of the day before
    hours = [midnight + HOUR - timedelta(minutes=2) + later * HOUR for later in range(24)]

    added: dict[str, int] = defaultdict(int)
    for one in await samples.growth(organization="acme", at=hours):
        added[one.database_id] += one.rows_read or 0

    counted = await turso.read(of_organization, "acme", Period(day.isoformat(), day.isoformat()))
    assert added.keys() == counted.keys()
    for database_id, by_instance in counted.items():
        (used,) = by_instance.values()
        assert added[database_id] == pytest.approx(used.rows_read, rel=0.01)


async def test_the_last_reading_is_the_latest_that_was_due_and_matches_tursos_usage(world: World) -> None:
    assert world.bot is not None
    turso = world.platform.state.turso
    now = world.clock.now()

    readings = await world.bot.store.samples.readings(organization="acme", since=now - timedelta(days=40))

    # the fixture may have stored the readings just before another one was due
    assert readings[-1].at in (due_at(now), due_at(now) - HOUR)
    assert all(after.at - before.at == HOUR for before, after in itertools.pairwise(readings))
    used = await turso.read(sum_of_organization, "acme", month_of(now.astimezone(UTC)))
    assert readings[-1].rows_read == pytest.approx(used.rows_read, rel=0.05)
    assert readings[-1].storage_bytes == pytest.approx(used.storage_bytes, rel=0.05)


async def test_there_is_enough_history_for_a_forecast(world: World) -> None:
    assert world.bot is not None
    since = world.clock.now() - timedelta(days=40)

    readings = await world.bot.store.samples.readings(organization="acme", since=since)

    assert any(closes_day(one) for one in readings)
    assert len(daily(readings, Measure.ROWS_READ)) >= DAYS_AT_LEAST
