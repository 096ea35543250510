"""The sandbox has a month of history: `usage` and `digest` report what the local Turso counted."""

import re
from datetime import UTC, datetime, time, timedelta

import pytest

from bot.sandbox.history import DAYS
from bot.sandbox.platform.catalog import usage
from bot.sandbox.platform.catalog.usage import Period
from tests.world import DANA, World, words

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def rows_read(world: World, since: datetime, until: datetime) -> int:
    """Return the number of rows read that the local Turso counted from one day to another, both included."""
    await world.turso.flush()
    period = Period(f"{since:%Y-%m-%d}", f"{until:%Y-%m-%d}")
    used = await world.turso.read(usage.of_organization, "acme", period)
    return sum(one.rows_read for by_instance in used.values() for one in by_instance.values())


def counted_from(text: str) -> datetime:
    found = re.search(r"Counted from <!date\^(\d+)\^", text)
    assert found, text
    return datetime.fromtimestamp(int(found[1]), UTC)


@pytest.mark.parametrize("line", ["usage --since 7d", "usage --since 3d", "digest now", "digest now --daily"])
async def test_usage_of_a_period_in_the_last_month_is_what_turso_counted(world: World, line: str) -> None:
    text = words(await world.person(DANA).types(f"/turso {line}"))

    since, now = counted_from(text), datetime.now(UTC)
    counted = await rows_read(world, since, now)
    assert counted > 1_000_000
    assert f"{counted:,}" in text, f"from {since}"
    assert "No history" not in text
    assert "unknown" not in text


async def test_the_answer_about_a_longer_period_says_when_the_history_begins(world: World) -> None:
    """It begins with the calendar month of the first sample, which has the usage since the start of that month."""
    text = words(await world.person(DANA).types("/turso usage --since 70d"))

    now = datetime.now(UTC)
    begins = datetime.combine((now - timedelta(days=DAYS)).date().replace(day=1), time(), UTC)
    assert f"No history before <!date^{begins.timestamp():.0f}^" in text
    assert counted_from(text) == begins
    assert f"{await rows_read(world, begins, now):,}" in text
