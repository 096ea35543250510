"""When alerts are raised: spikes, forecasts, thresholds and their hysteresis."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.core.alerts import Alert, AlertEnd, AlertKind, AlertSubscription, Measure
from bot.core.alerts.billing import Period
from bot.core.alerts.evaluation import Changes, evaluate
from bot.core.alerts.facts import Facts
from bot.core.alerts.forecast import Forecast, forecast
from bot.core.alerts.hours import HOUR, History
from bot.core.alerts.spikes import Spike, spike
from bot.core.records.usage import UsageGrowth, UsageReading, UsageSample

NOON = datetime(2026, 11, 24, 11, 58, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 24, 23, 58, tzinfo=UTC)
DAY = timedelta(days=1)
READ = Measure.ROWS_READ


def reading(
    at: datetime, read: int | None, storage: int | None = 0, *, limits: Mapping[str, int] | None = None
) -> UsageReading:
    return UsageReading("acme", at, at, read, None, None, storage, limits=limits)


# Spikes


def weeks(now: int | None, *usual: int | None) -> History:
    """Return the history of what one database read in this hour, and in the same hour of earlier weeks."""
    amounts = {NOON - at * timedelta(weeks=1): amount for at, amount in enumerate((now, *usual))}
    readings = {at: reading(at, 1) for at in amounts}
    growth = {("db-1", at): UsageGrowth("acme", at, "db-1", one, None, None) for at, one in amounts.items()}
    return History(readings, growth)


@pytest.mark.parametrize(
    ("history", "found"),
    [
        pytest.param(weeks(90_000, 9_000, 10_000, 11_000), Spike(READ, 90_000, 10_000), id="nine times the usual"),
        pytest.param(weeks(45_000, 9_000, 10_000, 11_000), None, id="less than the factor"),
        pytest.param(weeks(90_000, 9_000, 10_000), None, id="two weeks are too few"),
        pytest.param(weeks(90_000, 9_000, None, 10_000), None, id="an unknown week doesn't count"),
        pytest.param(weeks(None, 9_000, 10_000, 11_000), None, id="this hour isn't known"),
        pytest.param(weeks(9_000, 10, 10, 10), None, id="too little to matter"),
        pytest.param(weeks(90_000, 100, 10_000, 60_000, 90, 50_000), None, id="the usage always varies"),
        pytest.param(weeks(90_000, 0, 0, 0), None, id="its time of creation is unknown"),
        pytest.param(weeks(90_000, 9_000, 10_000, 900_000), Spike(READ, 90_000, 10_000), id="an earlier spike"),
    ],
)
def test_a_spike_is_far_more_than_usual_at_this_hour_of_the_week(history: History, found: Spike | None) -> None:
    assert spike(history, "db-1", NOON, 5.0) == found


def test_a_daily_pattern_that_moves_by_an_hour_with_the_clocks_is_not_a_spike() -> None:
    history = weeks(90_000, 100, 100, 100)
    moved = {("db-1", NOON - n * timedelta(weeks=1) + HOUR): 90_000 for n in (1, 2, 3)}
    growth = {key: UsageGrowth("acme", key[1], "db-1", read, None, None) for key, read in moved.items()}
    readings = {at: reading(at, 1) for _, at in moved}

    assert spike(history, "db-1", NOON, 5.0)
    assert spike(History({**history.readings, **readings}, {**history.growth, **growth}), "db-1", NOON, 5.0) is None


# Forecasts


def month(daily: int, *, days: int = 20, missing: Sequence[int] = ()) -> list[UsageReading]:
    """Return one reading for each day of a month that began `days` ago, with the same usage each day."""
    first = MIDNIGHT - days * DAY
    return [reading(first + n * DAY, daily * n, storage=daily * n) for n in range(days + 1) if n not in missing]


NOVEMBER = Period("2026-11", datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC))


def test_steady_use_is_forecast_to_the_day() -> None:
    found = forecast(month(100), READ, 2_350, NOVEMBER)

    assert found is not None
    assert found.chance == 1.0
    assert found.earliest is not None
    assert found.latest is not None
    assert found.earliest <= datetime(2026, 11, 28, 12, tzinfo=UTC) <= found.latest
    assert found.latest - found.earliest < 2 * DAY


@pytest.mark.parametrize(
    ("readings", "quota"),
    [
        pytest.param(month(100, days=13), 2_000, id="too little history"),
        pytest.param(month(100, missing=range(4, 12)), 2_350, id="too many days are missing"),
        pytest.param(month(100), 1_900, id="it is used up already"),
        pytest.param([*month(100), reading(MIDNIGHT + HOUR, 2_004)], 2_350, id="in the middle of a day"),
    ],
)
def test_there_is_no_forecast_without_enough_readings_or_for_a_used_up_quota_or_within_a_day(
    readings: list[UsageReading], quota: int
) -> None:
    assert forecast(readings, READ, quota, NOVEMBER) is None


def test_a_quota_that_lasts_longer_than_the_period_is_not_forecast() -> None:
    assert forecast(month(100), READ, 9_000, NOVEMBER) == Forecast(0.0, None, None, None)


def test_storage_is_forecast_beyond_the_period() -> None:
    found = forecast(month(100), Measure.STORAGE, 3_500, NOVEMBER)

    assert found is not None
    assert found.expected is not None
    assert (found.expected - MIDNIGHT).days in (14, 15)


# Thresholds

WANTED = AlertSubscription("C0DBOPS", "acme", quota=(50, 80, 95), notify=("U0BEN",))


def used(
    percent: float | None, known: Sequence[Alert] = (), *, storage: bool = False, quota: int = 1_000_000
) -> Changes:
    """Return which alerts begin and end when `percent` of a quota is used."""
    rows = None if percent is None else round(percent * quota / 100)
    measure = Measure.STORAGE if storage else READ
    now = reading(NOON, None if storage else rows, rows if storage else None, limits={measure: quota})
    facts = Facts("acme", NOON, now, [reading(NOON - HOUR, 0, 0), now])
    return evaluate(WANTED, facts, known, shown=lambda *_: True, new_id=lambda: "al-9")


def posted_alert(threshold: int, *, period: str = "2026-11", is_open: bool = True, storage: bool = False) -> Alert:
    (found,) = used(threshold, storage=storage).raised
    return replace(found, id=f"al-{threshold}", period=period, ended_at=None if is_open else NOON)


def test_only_the_highest_of_several_reached_thresholds_is_reported() -> None:
    (found,) = used(97).raised

    assert (found.threshold, found.measured, found.compared, found.notify) == ("95", 970_000, 1_000_000, ("U0BEN",))


def test_the_next_threshold_replaces_the_previous_alert() -> None:
    changes = used(81, [posted_alert(50)])

    assert [one.threshold for one in changes.raised] == ["80"]
    assert changes.ended == {"al-50": AlertEnd.HIGHER}


@pytest.mark.parametrize(
    ("percent", "known", "ended"),
    [
        pytest.param(79, [posted_alert(80)], {}, id="just below: it stays"),
        pytest.param(76, [posted_alert(80)], {"al-80": AlertEnd.BELOW}, id="clearly below"),
        pytest.param(82, [posted_alert(80, is_open=False)], {}, id="already reported in this period"),
        pytest.param(60, [posted_alert(80, is_open=False)], {}, id="a higher one was already reported in this period"),
        pytest.param(None, [posted_alert(80)], {}, id="unknown changes nothing"),
        pytest.param(10, [posted_alert(80, period="2026-10")], {"al-80": AlertEnd.RESET}, id="a new period"),
    ],
)
def test_a_threshold_is_reported_once_in_a_period(
    percent: float | None, known: list[Alert], ended: dict[str, AlertEnd]
) -> None:
    changes = used(percent, known)

    assert changes.raised == []
    assert changes.ended == ended


@pytest.mark.parametrize(
    ("how", "raised"),
    [(AlertEnd.OFF, ["80"]), (AlertEnd.UNWATCHED, ["80"]), (AlertEnd.BELOW, []), (AlertEnd.HIGHER, [])],
)
def test_a_threshold_is_reported_again_if_the_channel_had_no_alerts_meanwhile(how: AlertEnd, raised: list[str]) -> None:
    changes = used(82, [replace(posted_alert(80, is_open=False), end=how)])

    assert [one.threshold for one in changes.raised] == raised


@pytest.mark.parametrize("limits", [None, {}, {READ: 0}], ids=["not read", "unknown", "no such quota any more"])
@pytest.mark.parametrize("kind", [AlertKind.QUOTA, AlertKind.FORECAST])
def test_a_new_period_ends_alerts_even_if_the_quota_is_unknown(limits: dict[str, int] | None, kind: AlertKind) -> None:
    before, now = reading(NOON - HOUR, 0, 0), reading(NOON, None, None, limits=limits)
    facts, wanted = Facts("acme", NOON, now, [before, now]), replace(WANTED, forecast=True)
    old = replace(posted_alert(80, period="2026-10"), kind=kind)

    changes = evaluate(wanted, facts, [old], shown=lambda *_: True, new_id=str)

    assert changes == Changes([], {"al-80": AlertEnd.RESET})


def test_a_muted_channels_alert_is_replaced_only_after_the_mute() -> None:
    now = reading(NOON, 970_000, 0, limits={READ: 1_000_000})
    facts = Facts("acme", NOON, now, [reading(NOON - HOUR, 0, 0), now])
    known = [posted_alert(80)]

    muted = evaluate(replace(WANTED, muted_until=NOON + HOUR), facts, known, shown=lambda *_: True, new_id=str)
    after = evaluate(replace(WANTED, muted_until=NOON), facts, known, shown=lambda *_: True, new_id=str)

    assert muted == Changes([], {})
    assert [one.threshold for one in after.raised] == ["95"]
    assert after.ended == {"al-80": AlertEnd.HIGHER}


def test_a_storage_threshold_is_not_reported_again_in_a_new_period() -> None:
    changes = used(85, [posted_alert(80, period="2026-10", storage=True)], storage=True)

    assert (changes.raised, changes.ended) == ([], {})


@pytest.mark.parametrize(
    ("percent", "known", "raised", "ended"),
    [
        pytest.param(82, [posted_alert(80, is_open=False)], ["80"], {}, id="the same threshold"),
        pytest.param(52, [posted_alert(80, is_open=False)], ["50"], {}, id="a lower threshold"),
        pytest.param(42, [posted_alert(80)], [], {"al-80": AlertEnd.BELOW}, id="far below every threshold"),
        pytest.param(60, [posted_alert(80)], ["50"], {"al-80": AlertEnd.BELOW}, id="above a lower threshold"),
        pytest.param(79, [posted_alert(80)], [], {}, id="just below a threshold whose alert is open"),
        pytest.param(82, [posted_alert(80)], [], {}, id="above a threshold whose alert is open"),
        pytest.param(96, [posted_alert(80)], ["95"], {"al-80": AlertEnd.HIGHER}, id="the next threshold"),
    ],
)
@pytest.mark.parametrize("storage", [False, True], ids=["rows read", "storage"])
def test_a_threshold_is_reported_again_for_another_quota(
    percent: float, known: list[Alert], raised: list[str], ended: dict[str, AlertEnd], storage: bool
) -> None:
    before = [replace(one, measure=Measure.STORAGE if storage else READ) for one in known]

    changes = used(percent, before, storage=storage, quota=2_000_000)

    assert [one.threshold for one in changes.raised] == raised
    assert changes.ended == ended


def test_a_lower_threshold_is_not_reported_while_a_storage_alert_of_an_earlier_period_is_open() -> None:
    changes = used(78, [posted_alert(80, period="2026-10", storage=True)], storage=True)

    assert (changes.raised, changes.ended) == ([], {})


def test_a_forecast_is_made_again_for_another_quota() -> None:
    days = month(100)
    wanted = AlertSubscription("C0DBOPS", "acme", forecast=True)

    def found(quota: int, known: Sequence[Alert]) -> Sequence[Alert]:
        last = replace(days[-1], limits={READ: quota})
        facts = Facts("acme", MIDNIGHT, last, [*days[:-1], last])
        return evaluate(wanted, facts, known, shown=lambda *_: True, new_id=lambda: "al-1").raised

    (first,) = found(2_350, [])
    over = replace(first, ended_at=NOON, end=AlertEnd.BELOW)

    assert found(2_350, [over]) == []
    assert [one.compared for one in found(2_400, [over])] == [2_400]


def test_an_alert_for_a_removed_threshold_ends() -> None:
    old = replace(posted_alert(80), threshold="70", id="al-70")

    assert used(75, [old]).ended == {"al-70": AlertEnd.OFF}


@pytest.mark.parametrize("limits", [None, {}, {READ: 0}], ids=["not read", "unknown", "none"])
def test_without_a_quota_nothing_is_reported(limits: Mapping[str, int] | None) -> None:
    now = reading(NOON, 999, limits=limits)
    facts = Facts("acme", NOON, now, [now])
    assert evaluate(WANTED, facts, [], shown=lambda *_: True, new_id=str) == Changes([], {})


LIMITED: Mapping[str, int] = {READ: 1_000, Measure.STORAGE: 1_000}
UNLIMITED: Mapping[str, int] = {READ: 0, Measure.STORAGE: 0}
UNSAID: Mapping[str, int] = {}


@pytest.mark.parametrize(
    ("said", "ends"),
    [
        pytest.param([LIMITED, LIMITED, UNLIMITED], False, id="once"),
        pytest.param([LIMITED, UNLIMITED, UNLIMITED], False, id="twice"),
        pytest.param([LIMITED, UNLIMITED, UNLIMITED, UNLIMITED], True, id="three times"),
        pytest.param([UNLIMITED, UNLIMITED, LIMITED, UNLIMITED], False, id="not in a row"),
        pytest.param(
            [UNLIMITED, UNLIMITED, UNSAID, None, UNLIMITED], True, id="three times, with unknown hours between"
        ),
        pytest.param([UNLIMITED], False, id="in the first hour"),
        pytest.param([LIMITED, UNSAID, UNSAID, UNSAID], False, id="unknown for hours"),
        pytest.param([LIMITED, *[UNSAID] * 23], False, id="not yet unknown for a day"),
        pytest.param([LIMITED, *[UNSAID] * 24], True, id="unknown for a day"),
        pytest.param([*[None] * 23, UNSAID], False, id="unknown, and not read before"),
        pytest.param([LIMITED, *[UNLIMITED, UNSAID] * 12], True, id="unknown or without a limit for a day"),
    ],
)
@pytest.mark.parametrize("kind", [AlertKind.QUOTA, AlertKind.FORECAST])
@pytest.mark.parametrize("measure", [READ, Measure.STORAGE])
def test_an_alert_ends_once_turso_has_reported_no_quota_three_times_or_none_was_known_for_a_day(
    measure: Measure, kind: AlertKind, said: Sequence[Mapping[str, int] | None], ends: bool
) -> None:
    hours = [reading(NOON - back * HOUR, 900, 900, limits=one) for back, one in enumerate(reversed(said))][::-1]
    old = replace(posted_alert(80, storage=measure is Measure.STORAGE), kind=kind)

    changes = evaluate(
        replace(WANTED, forecast=True),
        Facts("acme", NOON, hours[-1], hours),
        [old],
        shown=lambda *_: True,
        new_id=str,
    )

    assert changes == Changes([], {"al-80": AlertEnd.UNKNOWN} if ends else {})


@pytest.mark.parametrize(("hours", "ends"), [(24, True), (13, True), (12, False), (6, False)])
def test_an_alert_ends_when_more_than_twelve_readings_of_a_day_all_lack_the_usage(hours: int, ends: bool) -> None:
    limits: Mapping[str, int] = {Measure.STORAGE: 1_000}
    readings = [reading(NOON - back * HOUR, 9, None, limits=limits) for back in range(hours - 1, -1, -1)]
    facts = Facts("acme", NOON, readings[-1], readings)

    changes = evaluate(WANTED, facts, [posted_alert(80, storage=True)], shown=lambda *_: True, new_id=str)

    assert changes.ended == ({"al-80": AlertEnd.UNKNOWN} if ends else {})


def test_a_channel_gets_alerts_only_about_its_databases() -> None:
    history = weeks(90_000, 9_000, 10_000, 11_000)
    now = history.readings[NOON]
    wanted = AlertSubscription("C0DBOPS", "acme", spike=5.0)

    databases = [UsageSample("acme", "orders", "db-1", "", 9, 9, 9, 9)]
    facts = Facts("acme", NOON, now, [now], databases, history, ["db-1"])

    (found,) = evaluate(wanted, facts, [], shown=lambda name, _: name == "orders", new_id=lambda: "al-1").raised
    assert (found.kind, found.subject, found.threshold) == (AlertKind.SPIKE, "orders", "5x")
    assert evaluate(wanted, facts, [], shown=lambda *_: False, new_id=str).raised == []
