"""`digest …`: when digests are sent, and what they contain."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.commands.digests import digest_off, digest_on
from bot.commands.digests._schedule import next_due, period_name
from bot.core.records.holds import HoldKind
from bot.core.records.usage import Digest
from bot.core.requests.request import State
from bot.errors import BadInput
from tests.blocks.messages import buttons, shown, words
from tests.commands.conftest import NOW, Desk
from tests.commands.test_usage import sample
from tests.present import present
from tests.store.samples import hold, move, request, token


def digest(cadence: str = "weekly", weekday: int = 0, at: str = "09:00", tz: str = "Europe/Berlin") -> Digest:
    return Digest("C0DBOPS", "acme", cadence, weekday, at, tz, "U0ANA", NOW)


@pytest.mark.parametrize(
    ("made", "after", "due"),
    [
        pytest.param(digest(), "2026-11-24T12:00", "2026-11-30T08:00", id="next Monday"),
        pytest.param(digest(), "2026-11-30T07:59", "2026-11-30T08:00", id="a minute before"),
        pytest.param(digest(), "2026-11-30T08:00", "2026-12-07T08:00", id="exactly at the moment: the next one"),
        pytest.param(digest("daily"), "2026-11-24T12:00", "2026-11-25T08:00", id="tomorrow"),
        pytest.param(digest("daily"), "2026-03-28T12:00", "2026-03-29T07:00", id="the day when summer time begins"),
        pytest.param(digest("daily", at="02:30"), "2026-03-28T12:00", "2026-03-29T01:30", id="a time that is skipped"),
        pytest.param(
            digest("daily", at="02:30"), "2026-10-24T12:00", "2026-10-25T00:30", id="a time that occurs twice"
        ),
        pytest.param(
            digest("daily", at="02:30"),
            "2026-10-25T00:30",
            "2026-10-26T01:30",
            id="after its first occurrence that day",
        ),
        pytest.param(digest("daily", tz="Pacific/Kiritimati"), "2026-11-24T12:00", "2026-11-24T19:00", id="far east"),
        pytest.param(
            digest("daily", tz="Nowhere/Town"), "2026-11-24T12:00", "2026-11-25T09:00", id="unknown zone: UTC"
        ),
    ],
)
def test_a_digest_is_due_in_its_time_zone(made: Any, after: str, due: str) -> None:
    at = datetime.fromisoformat(after).replace(tzinfo=UTC)

    assert next_due(made, at) == datetime.fromisoformat(due).replace(tzinfo=UTC)


def test_a_period_is_named_after_its_local_week_or_day() -> None:
    assert period_name(digest(), datetime(2026, 11, 30, 8, 0, tzinfo=UTC)) == "2026-W49"
    assert period_name(digest("daily"), datetime(2026, 11, 30, 23, 30, tzinfo=UTC)) == "2026-12-01"


async def test_digest_on_stores_the_digest_and_sets_its_timer(desk: Desk) -> None:
    reply = await desk.carry_out("digest on --weekly tue 14:30 --tz Europe/Berlin")

    kept = await desk.store.digests.get("C0DBOPS")
    assert kept is not None
    assert (kept.cadence, kept.weekday, kept.at, kept.tz) == ("weekly", 1, "14:30", "Europe/Berlin")
    assert kept.next_at == datetime(2026, 11, 24, 13, 30, tzinfo=UTC)
    assert [timer.subject for timer in await desk.store.timers.due(kept.next_at)] == ["C0DBOPS"]
    assert "Tuesdays at 2:30 PM" in reply.text
    assert "Next: <!date^1795527000^" in words(reply)


async def test_digest_off_is_stale_if_the_digest_was_changed_before_its_approval(desk: Desk) -> None:
    await desk.carry_out("digest on --daily 09:00")
    plan, drift = await desk.plan("digest off"), present(digest_off.command.drift)

    assert await drift(desk.context(), plan) is None
    await desk.carry_out("digest on --daily 10:00")
    assert "changed in the meantime" in str(await drift(desk.context(), plan))
    await desk.carry_out("digest off")
    assert await drift(desk.context(), plan) is None, "it is off already"


async def test_digest_off_deletes_the_digest_and_its_timer(desk: Desk) -> None:
    with pytest.raises(BadInput, match="no digest"):
        await desk.plan("digest off")
    await desk.carry_out("digest on --daily 8:00")

    reply = await desk.carry_out("digest off")

    assert await desk.store.digests.get("C0DBOPS") is None
    assert await desk.store.timers.due(NOW + timedelta(days=9)) == []
    assert "Turn on again" in buttons(reply)


@pytest.mark.parametrize("line", ["digest on --daily 8:15 --tz Asia/Tokyo", "digest on --weekly thu 07:30 --tz UTC"])
async def test_turn_on_again_restores_the_previous_digest(desk: Desk, line: str) -> None:
    await desk.carry_out(line)
    before = await desk.store.digests.get("C0DBOPS")
    off = await desk.carry_out("digest off")

    await desk.carry_out(buttons(off)["Turn on again"]["value"])

    assert await desk.store.digests.get("C0DBOPS") == before


async def test_an_earlier_digest_about_another_organization_is_not_the_planned_one(desk: Desk) -> None:
    plan = await desk.plan("digest on --daily 8:00")
    await desk.carry_out("digest on --daily 8:00")
    stored = present(await desk.store.digests.get("C0DBOPS"))

    await desk.store.digests.schedule(replace(stored, organization="other"))

    assert not await digest_on.read_back(desk.context(), plan)


@pytest.mark.parametrize("line", ["on --weekly --daily", "on --weekly someday", "on --tz Nowhere/Town", "on mon 25:00"])
def test_contradictory_and_invalid_options_are_refused(desk: Desk, line: str) -> None:
    with pytest.raises(BadInput):
        desk.parse(f"digest {line}")


@pytest.mark.parametrize(
    "line", ["on --daily 25:00", "on --daily 09:60", "on mon 9", "on 24:00", "on --weekly mon 99:99"]
)
def test_an_invalid_time_is_reported_as_a_time(desk: Desk, line: str) -> None:
    with pytest.raises(BadInput, match=r"isn't a time. Try `09:00`"):
        desk.parse(f"digest {line}")


async def test_a_digest_lists_totals_changes_idle_and_blocked_databases_and_expiring_tokens(desk: Desk) -> None:
    busy, idle = desk.acme.add("orders"), desk.acme.add("archive")
    desk.acme.used = {"orders": {"rows_read": 9000}, "archive": {"rows_read": 0}}
    days = range(1, 24)
    await desk.store.samples.add(
        [sample(f"2026-11-{day:02}", 100 * day, uuid=busy["DbId"]) for day in days]
        + [sample(f"2026-11-{day:02}", 0, uuid=idle["DbId"], name="archive") for day in days]
    )
    frozen = hold(1, database="orders", database_id=busy["DbId"], kind=HoldKind.FREEZE)
    await desk.store.requests.open(request(1), move(State.PENDING, holds=[frozen]))
    await desk.store.tokens.add(
        token(1, database="orders", database_id=busy["DbId"], expires_at=NOW + timedelta(days=2))
    )

    text = words(await desk.ask("digest now"))

    assert "last 7 days" in text
    assert "No reads for 14 days*: `archive`" in text
    assert "*orders*: frozen" in text
    assert "*orders*: held by <@U0ANA>, expires" in text
    assert "vs. the previous period" in text
    assert "7,400" in text


async def test_a_digest_is_limited_to_the_databases_of_the_channel(desk: Desk) -> None:
    for name in ("orders-eu", "payroll"):
        made = desk.acme.add(name)
        await desk.store.tokens.add(token(len(name), database=name, expires_at=NOW + timedelta(days=2)))
        await desk.store.samples.add(
            [sample(f"2026-11-{day}", day, uuid=made["DbId"], name=name) for day in range(10, 24)]
        )

    reply = await desk.ask("digest now", channel="C0ORDERS")

    assert "payroll" not in str(shown(reply))
    assert "1 database" in reply.text


async def test_a_digest_without_history_shows_the_billing_period(desk: Desk) -> None:
    desk.acme.add("orders")

    text = words(await desk.ask("digest now"))

    assert "No history before <!date^" in text
    assert "|2026-11-24>. Here is the billing period so far." in text
    assert "1,204" in text


async def test_a_digest_without_history_and_without_tursos_usage_has_no_numbers(desk: Desk) -> None:
    desk.acme.add("orders")
    desk.acme.failing["/v1/organizations/acme/usage"] = 500

    text = words(await desk.ask("digest now"))

    assert "No usage is known yet." in text
    assert "Rows read" not in text


async def test_a_digest_says_when_its_history_begins(desk: Desk) -> None:
    made = desk.acme.add("orders")
    desk.acme.used = {"orders": {"rows_read": 9000}}
    await desk.store.samples.add([sample(f"2026-11-{day}", 100 * day, uuid=made["DbId"]) for day in (21, 22, 23)])

    text = words(await desk.ask("digest now"))

    assert "No history before <!date^1795305600^" in text, "the end of the 21st"
    assert "6,900" in text
    assert "previous period" not in text


async def test_a_database_without_a_sample_at_the_start_is_left_out_of_the_sum(desk: Desk) -> None:
    known, new = desk.acme.add("orders"), desk.acme.add("archive")
    desk.acme.used = {"orders": {"rows_read": 9000}, "archive": {"rows_read": 5}}
    await desk.store.samples.add(
        [sample(f"2026-11-{day}", 100 * day, uuid=known["DbId"]) for day in range(10, 24)]
        + [sample("2026-11-23", 3, uuid=new["DbId"], name="archive")]
    )

    text = words(await desk.ask("digest now"))

    assert "7,400 (1 database not included)" in text
