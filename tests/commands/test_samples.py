"""The usage of a period is known only if there are samples at its start and its end."""

from datetime import UTC, date, datetime, timedelta

from bot.commands.usage._samples import comparable, courses, start_of, used_between, usual_day
from bot.core.records.usage import UsageSample
from bot.sandbox.platform.names import new_uuid
from bot.turso.models import Usage


def at(day: int, hour: int = 0, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


def sample(day: str, reads: int | None, *, uuid: str = "a", written: int | None = 1) -> UsageSample:
    return UsageSample("acme", "orders", uuid, day, reads, written, 4096, None)


def reads(samples: list[UsageSample], since: datetime, until: datetime, uuid: str = "a") -> int | None:
    return used_between(samples, [uuid], since, until)[uuid].rows_read


def test_a_difference_needs_samples_at_both_ends() -> None:
    days = [sample("2026-11-09", 100), sample("2026-11-10", None), sample("2026-11-11", 300)]

    assert reads(days, at(10), at(12)) is None
    assert reads([days[0], days[2]], at(10), at(12)) == 200
    assert used_between(days, ["a"], at(10), at(12))["a"].rows_written == 0
    assert used_between(days, ["a"], at(10), at(12))["a"].bytes_synced is None


def test_a_period_that_begins_before_the_history_is_unknown() -> None:
    late = [sample("2026-11-12", 50), sample("2026-11-13", 80)]

    assert reads(late, at(10), at(14)) is None
    assert used_between(late, ["a"], at(10), at(14))["a"].storage_bytes == 4096
    assert reads(late, at(13), at(14)) == 30
    assert reads(late, at(1), at(14)) == 80, "the counter begins with the month"


def test_a_period_that_ends_after_the_history_is_unknown() -> None:
    early = [sample("2026-11-09", 10), sample("2026-11-10", 20)]

    assert used_between(early, ["a"], at(10), at(14))["a"] == Usage()


def test_usage_is_unknown_around_a_reset_and_over_a_gap_between_months() -> None:
    assert reads([sample("2026-11-09", 900), sample("2026-11-10", 5)], at(10), at(11)) is None
    over = [sample("2026-10-20", 900), sample("2026-11-10", 5)]
    assert reads(over, at(21, month=10), at(11)) is None
    whole = [sample("2026-10-20", 900), sample("2026-10-31", 950), sample("2026-11-10", 5)]
    assert reads(whole, at(21, month=10), at(11)) == 55


def test_a_daily_sample_that_is_older_than_one_with_a_time_is_left_out() -> None:
    """A daily sample may be hours older than midnight, if the bot was stopped at the end of the day."""
    found = [sample("2026-11-04", 10), sample("2026-11-05 23:56", 40), sample("2026-11-05", 30)]
    found.append(sample("2026-11-06 23:56", 60))
    assert reads(found, at(5, 23) + timedelta(minutes=56), at(6, 23) + timedelta(minutes=56)) == 20
    assert reads(found, at(5), at(5, 23) + timedelta(minutes=56)) == 30
    assert reads(found[:3], at(5), at(6)) is None, "the rows read until midnight aren't known"


def test_before_its_creation_a_database_used_nothing() -> None:
    born = new_uuid(at=at(12, 6).timestamp())
    samples = [sample("2026-11-12", 40, uuid=born), sample("2026-11-13", 70, uuid=born)]

    assert reads([], at(1), at(12), born) == 0
    assert reads(samples, at(10), at(14), born) == 70
    assert courses(samples, since=at(10))[born].daily[date(2026, 11, 12)].rows_read == 40


def test_samples_take_precedence_over_the_creation_time_in_an_id() -> None:
    future = new_uuid(at=at(30).timestamp())

    assert (
        reads([sample("2026-11-12", 40, uuid=future), sample("2026-11-13", 70, uuid=future)], at(13), at(14), future)
        == 30
    )


def test_daily_usage_contains_only_whole_days() -> None:
    samples = [
        sample("2026-11-09", 10),
        sample("2026-11-12", 40),
        sample("2026-11-13", 70),
        sample("2026-11-14 09:00", 75),
    ]

    daily = courses(samples, since=at(1))["a"].daily

    assert {day.day: used.rows_read for day, used in daily.items()} == {13: 30, 14: 5}
    assert usual_day(courses(samples, since=at(1))["a"], date(2026, 11, 14)) is None, "two days are needed"


def test_a_period_starts_at_the_nearest_known_time() -> None:
    days = [sample(f"2026-11-{day:02}", day) for day in (9, 10, 11, 20)]

    assert start_of(days, at(11, 10), within=timedelta(hours=12)) == at(11)
    assert start_of(days, at(1), within=timedelta(hours=1)) == at(1), "the counters begin with the month"
    assert start_of(days, at(16), within=timedelta(hours=1)) == at(12), "the end of the last sample before it"
    assert start_of(days, at(5), within=timedelta(hours=1)) == at(10), "the end of the first sample"
    assert start_of(days[:1], at(9), within=timedelta(hours=1)) is None
    assert start_of([], at(9), within=timedelta(hours=1)) is None


def test_periods_are_compared_if_their_lengths_are_similar() -> None:
    assert comparable(timedelta(days=7), timedelta(days=7, hours=12))
    assert not comparable(timedelta(days=1), timedelta(hours=12))
