"""`db rewind`: what its plan contains, and what it refuses."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.commands._retention import retention_of
from bot.commands.rewind import rewind
from bot.errors import BadInput, NotOurs
from bot.turso.models import Quotas
from tests.commands.conftest import NOW, Desk

SCALER: Mapping[str, Any] = {
    "/subscription": {"subscription": {"plan": "scaler"}},
    "/plans": {"plans": [{"name": "scaler", "quotas": {"databases": 500}}]},
}
UNKNOWN_PLAN: Mapping[str, Any] = {"/subscription": {"subscription": {"plan": "something-new"}}}


async def test_the_plan_shows_the_time_in_two_time_zones_and_what_will_be_missing(desk: Desk) -> None:
    desk.acme.add("orders")
    desk.acme.answer_instead(SCALER)

    plan = await desk.plan("db rewind orders --to 11:30")

    assert plan.facts["Point in time"] == "2026-11-24 11:30 UTC", "a reader sees it in their own time zone"
    assert plan.facts["Point in time, UTC"] == "2026-11-24 11:30:00 UTC"
    missing = "Everything after that time, and possibly the last 15 seconds before it"
    assert plan.facts["Missing from the copy"] == missing
    assert plan.facts["Available history"] == "30 days (scaler plan)"
    assert plan.facts["Databases"] == "1 of 500, or 2 with the copy"
    assert re.fullmatch("orders-rewind-1124-1130-[0-9a-f]{6}", plan.facts["Copy"])
    assert not plan.ends_tokens_of, "a copy revokes no tokens"


@pytest.mark.parametrize(
    ("plan", "days"), [("starter", 1), ("developer", 10), ("scaler", 30), ("pro", 90), ("enterprise-x", 1)]
)
def test_the_available_history_depends_on_tursos_plan_and_is_a_day_if_that_is_unknown(plan: str, days: int) -> None:
    assert retention_of(Quotas(plan=plan)).length == timedelta(days=days)
    assert retention_of(None).length == timedelta(days=1)


async def test_a_rewind_within_a_day_is_possible_if_tursos_plan_is_unknown(desk: Desk) -> None:
    desk.acme.add("orders")
    desk.acme.answer_instead(UNKNOWN_PLAN)

    plan = await desk.plan("db rewind orders --to '23h ago'")

    assert "yours isn't known" in plan.facts["Available history"]
    assert plan.facts["Databases"] == "1, or 2 with the copy"


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("--to '25h ago'", "is earlier than that.*I don't know how much history your plan keeps"),
        ("--to '2026-11-24 13:00'", "in the future"),
        ("--to 'before INC-42'", "No incident `INC-42`"),
    ],
)
async def test_a_time_that_cannot_be_used_is_refused(desk: Desk, line: str, why: str) -> None:
    desk.acme.add("orders")
    desk.acme.answer_instead(UNKNOWN_PLAN)

    with pytest.raises(BadInput, match=why):
        await desk.plan(f"db rewind orders {line}")


async def test_a_database_encrypted_with_a_customers_key_is_refused(desk: Desk) -> None:
    desk.acme.add("orders", encryption_cipher="aes256gcm")

    with pytest.raises(BadInput, match="encrypted with your own key"):
        await desk.plan("db rewind orders --to 11:30")


async def test_a_time_before_the_database_existed_is_refused(desk: Desk) -> None:
    made = datetime(2026, 11, 24, 11, 45, tzinfo=UTC)
    stamp = f"{int(made.timestamp() * 1000):012x}"
    desk.acme.add("orders", DbId=f"{stamp[:8]}-{stamp[8:]}-7000-8000-000000000000")

    with pytest.raises(BadInput, match="was created 2026-11-24 11:45 UTC"):
        await desk.plan("db rewind orders --to 11:30")


async def test_the_copy_gets_a_free_name_that_turso_accepts(desk: Desk) -> None:
    name = "a" * 64
    desk.acme.add(name)
    desk.acme.add("orders")
    first = (await desk.plan("db rewind orders --to 11:30")).facts["Copy"]
    assert (await desk.plan("db rewind orders --to 11:30")).facts["Copy"] == first, (
        "the same command plans the same copy"
    )
    desk.acme.add(first)

    assert (await desk.plan("db rewind orders --to 11:30")).facts["Copy"] != first
    assert (await desk.plan("db rewind orders --to 11:30:01")).facts["Copy"] != first
    assert len((await desk.plan(f"db rewind {name} --to 11:30")).facts["Copy"]) <= 64


async def test_the_plan_warns_of_writes_that_continue_and_of_the_groups_tokens(desk: Desk) -> None:
    desk.acme.add("orders")
    desk.acme.add("users")

    warnings = " ".join((await desk.plan("db rewind orders --to 11:30")).warnings)

    assert "Writes to orders aren't blocked" in warnings
    assert "other databases in the group default: users" in warnings
    desk.acme.databases["orders"]["block_writes"] = True
    assert "aren't blocked" not in " ".join((await desk.plan("db rewind orders --to 11:30")).warnings)


async def test_a_full_quota_of_databases_is_reported(desk: Desk) -> None:
    desk.acme.add("orders")
    desk.acme.answer_instead({**SCALER, "/plans": {"plans": [{"name": "scaler", "quotas": {"databases": 1}}]}})

    assert "Turso may refuse the copy" in " ".join((await desk.plan("db rewind orders --to 11:30")).warnings)


async def test_a_taken_name_or_a_time_that_is_no_longer_kept_is_plan_drift(desk: Desk) -> None:
    desk.acme.add("orders")
    desk.acme.answer_instead(UNKNOWN_PLAN)
    plan = await desk.plan("db rewind orders --to '23h ago'")
    assert await rewind.drift(desk.context(), plan) is None

    desk.now = NOW + timedelta(hours=2)
    assert "is earlier than that" in str(await rewind.drift(desk.context(), plan))
    desk.now = NOW
    desk.acme.add(plan.facts["Copy"])
    assert "already exists" in str(await rewind.drift(desk.context(), plan))


async def test_the_copy_of_another_database_is_not_mistaken_for_that_of_the_rewind(desk: Desk) -> None:
    desk.acme.add("orders")
    plan = await desk.plan("db rewind orders --to 11:30")
    assert not await rewind.read_back(desk.context(), plan)
    desk.acme.add(plan.facts["Copy"], parent={"id": "another", "name": "users"})

    with pytest.raises(NotOurs, match="a copy of a different database"):
        await rewind.read_back(desk.context(), plan)


async def test_planning_makes_a_bounded_number_of_calls(desk: Desk) -> None:
    for number in range(40):
        desk.acme.add(f"db-{number}")

    await desk.plan("db rewind db-1 --to 11:30")

    assert len(desk.acme.requests) <= 8, desk.acme.log()
