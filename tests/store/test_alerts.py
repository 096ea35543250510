"""Alerts in the store: one alert per state and period, even if several processes raise it, and one end."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.core.alerts import (
    ENDED,
    RAISED,
    Alert,
    AlertEnd,
    AlertKind,
    AlertSubscription,
    Contributor,
    Figure,
    Measure,
    Mute,
)
from bot.core.records.timers import TimerKind
from bot.core.records.usage import UsageGrowth, UsageReading
from bot.store.repositories.pruning import BATCH, HOURS_KEPT
from bot.store.store import SqlStore
from tests.present import present
from tests.store.conftest import NOON
from tests.store.samples import sample

HOUR = timedelta(hours=1)


def alert(number: int = 1, **changes: Any) -> Alert:
    made = Alert(
        id=f"al-{number}",
        kind=AlertKind.QUOTA,
        organization="acme",
        channel_id="C0DBOPS",
        measure=Measure.ROWS_READ,
        threshold="80",
        period="2026-11",
        since=NOON - HOUR,
        raised_at=NOON,
        measured=812_000_000_000,
        compared=1_000_000_000_000,
        contributors=(Contributor("orders-eu", "db-1", 700), Contributor("", "db-2", 100)),
        figures=(Figure("2026-11-23T00:00:00+00:00", 12), Figure("2026-11-24T00:00:00+00:00", None)),
        details=("U0ANA",),
        expected_at=NOON + HOUR,
        notify=("U0BEN", "S0DBA"),
    )
    return replace(made, **changes)


async def test_an_alert_is_read_back_with_its_due_notice(store: SqlStore) -> None:
    assert await store.alerts.raise_once(alert())

    assert await store.alerts.get("al-1") == alert()
    assert [one.event for one in await store.notices.pending("al-1")] == [RAISED]
    assert [(one.kind, one.subject) for one in await store.timers.due(NOON)] == [(TimerKind.NOTIFY, "al-1")]


async def test_if_two_processes_see_the_same_state_only_one_raises_the_alert(store: SqlStore, other: SqlStore) -> None:
    raised = await asyncio.gather(*((store, other)[n % 2].alerts.raise_once(alert(n)) for n in range(10)))

    assert sum(raised) == 1
    assert len(await store.alerts.open(organization="acme")) == 1
    assert len(await store.timers.due(NOON)) == 1


async def test_a_state_that_has_ended_is_raised_again_only_in_the_next_period(store: SqlStore, other: SqlStore) -> None:
    assert await store.alerts.raise_once(alert(1))
    assert not await store.alerts.raise_once(alert(2, period="2026-12")), "the first one is still open"
    ended = await asyncio.gather(
        *((store, other)[n % 2].alerts.end("al-1", NOON + HOUR, AlertEnd.RESET) for n in range(6))
    )
    assert sum(ended) == 1
    assert not await store.alerts.raise_once(alert(3))
    assert await store.alerts.raise_once(alert(4, period="2026-12"))

    first = present(await store.alerts.get("al-1"))
    assert (first.ended_at, first.end, first.is_open) == (NOON + HOUR, AlertEnd.RESET, False)
    assert [one.event for one in await store.notices.pending("al-1")] == [RAISED, ENDED]
    assert [one.id for one in await store.alerts.open()] == ["al-4"]
    assert [one.id for one in await store.alerts.since(NOON + HOUR, organization="acme")] == ["al-4"]
    assert [one.id for one in await store.alerts.since(NOON, organization="acme")] == ["al-1", "al-4"]


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"channel_id": "C0OTHER"}, id="another channel"),
        pytest.param({"threshold": "95"}, id="another threshold"),
        pytest.param({"measure": Measure.ROWS_WRITTEN}, id="another measure"),
        pytest.param({"organization": "other"}, id="another organization"),
        pytest.param({"kind": AlertKind.FORECAST}, id="another kind"),
    ],
)
async def test_an_alert_that_differs_in_one_value_is_raised_separately(
    store: SqlStore, changes: dict[str, Any]
) -> None:
    assert await store.alerts.raise_once(alert(1))

    assert await store.alerts.raise_once(alert(2, **changes))


@pytest.mark.parametrize(
    ("kind", "again"),
    [(AlertKind.QUOTA, True), (AlertKind.FORECAST, True), (AlertKind.SPIKE, False), (AlertKind.FAILURES, False)],
)
async def test_only_an_alert_about_a_quota_is_raised_again_when_what_it_is_compared_with_has_changed(
    store: SqlStore, kind: AlertKind, again: bool
) -> None:
    assert await store.alerts.raise_once(alert(1, kind=kind))
    assert not await store.alerts.raise_once(alert(2, kind=kind, compared=9)), "the first one is still open"
    await store.alerts.end("al-1", NOON + HOUR, AlertEnd.BELOW)

    assert not await store.alerts.raise_once(alert(3, kind=kind))
    assert await store.alerts.raise_once(alert(4, kind=kind, compared=9)) is again


async def test_a_database_has_one_spike_even_if_several_of_its_measures_rise(store: SqlStore) -> None:
    spike = alert(kind=AlertKind.SPIKE, threshold="5x", period="2026-11-24 11", subject="orders-eu", subject_id="db-1")
    assert await store.alerts.raise_once(spike)

    assert not await store.alerts.raise_once(replace(spike, id="al-2", measure=Measure.ROWS_WRITTEN))
    assert await store.alerts.raise_once(replace(spike, id="al-3", subject_id="db-2"))


async def test_the_timestamp_of_a_card_is_stored(store: SqlStore) -> None:
    await store.alerts.raise_once(alert())

    await store.alerts.set_card("al-1", "1700000000.000100")

    assert present(await store.alerts.get("al-1")).card_ts == "1700000000.000100"


async def test_a_new_subscription_replaces_the_channels_old_one_and_schedules_a_sample(store: SqlStore) -> None:
    wanted = AlertSubscription("C0DBOPS", "acme", (50, 80), 5.5, True, ("U0ANA", "S0DBA"), "U0BEN", NOON)
    await store.alerts.subscribe(replace(wanted, quota=(95,), spike=None))
    await store.alerts.subscribe(wanted)

    assert await store.alerts.stored_subscriptions() == [wanted]
    assert [(one.kind, one.subject) for one in await store.timers.due(NOON)] == [(TimerKind.SAMPLE, "acme")]
    assert await store.alerts.unsubscribe("C0DBOPS")
    assert not await store.alerts.unsubscribe("C0DBOPS")
    assert await store.alerts.stored_subscriptions() == []


async def test_a_mute_ends_by_itself_or_when_a_person_ends_it(store: SqlStore) -> None:
    await store.alerts.mute(Mute("C0DBOPS", NOON + HOUR, "U0ANA"))
    await store.alerts.mute(Mute("C0DBOPS", NOON + 2 * HOUR, "U0BEN"))

    assert await store.alerts.mutes(NOON) == [Mute("C0DBOPS", NOON + 2 * HOUR, "U0BEN")]
    assert await store.alerts.mutes(NOON + 2 * HOUR) == []
    assert await store.alerts.unmute("C0DBOPS")
    assert not await store.alerts.unmute("C0DBOPS")


def reading(at: datetime, rows: int = 1) -> UsageReading:
    return UsageReading("acme", at, at, rows, None, 0, 4096)


def grown(at: datetime, number: int, rows: int = 1) -> UsageGrowth:
    return UsageGrowth("acme", at, f"db-{number}", rows, None, 0)


async def test_an_hour_has_one_reading_even_if_several_processes_take_one(store: SqlStore, other: SqlStore) -> None:
    taken = await asyncio.gather(
        *((store, other)[n % 2].samples.add_reading(reading(NOON, n), [grown(NOON, n)], []) for n in range(8))
    )

    assert sum(taken) == 1
    first = taken.index(True)
    assert await store.samples.readings(organization="acme", since=NOON) == [reading(NOON, first)]
    assert await store.samples.growth(organization="acme", at=[NOON]) == [grown(NOON, first)]


async def test_the_quotas_of_a_plan_are_stored_with_the_reading_of_their_hour(store: SqlStore) -> None:
    await store.samples.add_reading(reading(NOON - HOUR), [], [])
    await store.samples.add_reading(reading(NOON), [], [])

    await store.samples.set_limits(reading(NOON), {"rows_read": 9_000_000_000_000, "storage_bytes": 0})

    before, after = await store.samples.readings(organization="acme", since=NOON - HOUR)
    assert before == reading(NOON - HOUR)
    assert after == replace(reading(NOON), limits={"rows_read": 9_000_000_000_000, "storage_bytes": 0})


async def test_a_reading_and_its_samples_are_stored_together_or_not_at_all(store: SqlStore) -> None:
    day = {"organization": "acme", "since": "2026-01-01", "until": "2027-01-01"}
    assert await store.samples.add_reading(reading(NOON), [], [sample()])
    before = await store.samples.find(**day)

    assert not await store.samples.add_reading(reading(NOON), [], [replace(sample(), rows_read=999)])

    assert await store.samples.find(**day) == before != []


async def test_growth_is_found_by_hour_and_database(store: SqlStore) -> None:
    for back in range(3):
        at = NOON - back * HOUR
        await store.samples.add_reading(reading(at), [grown(at, 1), grown(at, 2)], [])

    found = await store.samples.growth(organization="acme", at=[NOON, NOON - HOUR], database_ids=["db-2"])

    assert sorted(found, key=lambda one: one.at) == [grown(NOON - HOUR, 2), grown(NOON, 2)]
    assert await store.samples.growth(organization="other", at=[NOON]) == []


async def test_all_old_hours_and_alerts_are_deleted_even_if_there_are_many(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    for day in range(0, 120, 2):
        at = NOON - timedelta(days=day)
        await store.samples.add_reading(reading(at), [grown(at, number) for number in range(30)], [])
    await store.alerts.raise_once(alert(1))
    await store.alerts.raise_once(alert(2, threshold="50"))
    await store.alerts.end("al-2", NOON - timedelta(days=101), AlertEnd.BELOW)
    await store.samples.add([replace(sample(), day="2025-01-01"), replace(sample(), day="2026-11-01")])

    write, sizes = store.database.write, list[int]()

    async def counted(work: Any) -> Any:
        sizes.append(await write(work))
        return sizes[-1]

    monkeypatch.setattr(store.database, "write", counted)
    gone = await store.pruning.prune_measured(NOON)

    assert max(sizes) == BATCH, "one transaction deletes at most one batch"
    kept = await store.samples.readings(organization="acme", since=NOON - timedelta(days=400))
    days = [day for day in range(0, 120, 2) if day <= HOURS_KEPT.days]
    old = 60 - len(days)
    assert gone == {"usage_growth": old * 30, "usage_readings": old, "samples": 1, "alerts": 1, "alert_mutes": 0}
    assert sorted(one.at for one in kept) == sorted(NOON - timedelta(days=day) for day in days)
    assert len(await store.samples.growth(organization="acme", at=[one.at for one in kept])) == len(days) * 30
    assert await store.samples.first_day(organization="acme") == "2026-11-01"
    assert [one.id for one in await store.alerts.since(NOON - timedelta(days=400), organization="acme")] == ["al-1"]
