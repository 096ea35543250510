"""The sandbox has a month of history: `usage` and `digest` report what the local Turso counted."""

import re
from datetime import UTC, datetime

import pytest

from bot.sandbox.platform.catalog import usage
from bot.sandbox.platform.catalog.usage import Period
from tests.world import DANA, World, words

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def rows_read(world: World, since: datetime, until: datetime) -> int:
    """Return how many rows read the local Turso counted from one day to another."""
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
    assert f"{await rows_read(world, since, now):,}" in text, f"from {since}"
    assert "No history" not in text
    assert "unknown" not in text


async def test_the_history_begins_a_month_ago_and_the_answer_says_so(world: World) -> None:
    text = words(await world.person(DANA).types("/turso usage --since 60d"))

    assert "No history before" in text
    since, now = counted_from(text), datetime.now(UTC)
    assert 28 <= (now - since).days <= 61
    assert f"{await rows_read(world, since, now):,}" in text
