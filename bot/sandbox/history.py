"""A month of daily and hourly usage for the sandbox's store, computed from the local Turso's counters."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate
from typing import Final

import apsw
from sqlalchemy import Connection

from bot.core.alerts.hours import HOUR, due_at
from bot.core.ports import Clock
from bot.core.records.usage import UsageGrowth, UsageReading, UsageSample
from bot.sandbox.platform.catalog import usage
from bot.sandbox.platform.catalog.databases import Listing, every
from bot.sandbox.platform.catalog.usage import Period, Usage
from bot.sandbox.platform.turso import Turso
from bot.store.connections.rows import insert_newest, values
from bot.store.schema.tables import usage_growth, usage_readings
from bot.store.store import SqlStore

DAYS: Final = 30
_RECENT: Final = timedelta(days=2)
_LEAST: Final = timedelta(microseconds=1)


async def seed_history(turso: Turso, store: SqlStore, clock: Clock) -> None:
    """Store a sample of each database for each of the `DAYS` days before today.

    A database has no samples of the days before its first usage. Does nothing if the store already has a sample of an
    earlier day.
    """
    today = clock.now().astimezone(UTC).date()
    first = await store.samples.first_day(organization=turso.organization)
    if first is None or first[:10] >= today.isoformat():
        days = [today - timedelta(days=back) for back in range(DAYS, 0, -1)]
        await store.samples.add(await turso.read(_samples, turso.organization, days))


def _samples(connection: apsw.Connection, organization: str, days: list[date]) -> list[UsageSample]:
    names = {one.id: one.name for one in every(connection, organization, Listing())[0]}
    return [sample for day in days for sample in _samples_of(connection, organization, names, day)]


def _samples_of(connection: apsw.Connection, organization: str, names: dict[str, str], day: date) -> list[UsageSample]:
    """Return each database's usage from the start of a day's month to the end of that day."""
    used = usage.of_organization(connection, organization, Period(day.replace(day=1).isoformat(), day.isoformat()))
    totals = {id_: usage.total(used[id_].values()) for id_ in names if id_ in used}
    return [
        UsageSample(organization, names[id_], id_, day.isoformat(), one.rows_read, one.rows_written,
                    one.storage_bytes, one.bytes_synced)
        for id_, one in totals.items()
    ]  # fmt: skip


async def seed_hours(turso: Turso, store: SqlStore, clock: Clock) -> None:
    """Store the hourly readings that alerts need, with each database's usage per hour, and a sample of today.

    The usage of each day is spread evenly over its hours. Does nothing if the store already has a reading that is
    older than two days.
    """
    now = clock.now().astimezone(UTC)
    known = await store.samples.readings(organization=turso.organization, since=now - timedelta(days=DAYS))
    if known and known[0].at < now - _RECENT:
        return
    await store.samples.add(await turso.read(_samples, turso.organization, [now.date()]))
    totals = await turso.read(_running_totals, turso.organization, now)
    hours = [due_at(now) - back * HOUR for back in range(DAYS * 24 + 1, -1, -1)]
    used = {id_: [running.until(at) for at in hours] for id_, running in totals.items()}
    months = {at.replace(day=1, hour=0, minute=0) for at in hours}
    before = {month: usage.total(running.until(month) for running in totals.values()) for month in months}
    readings, growth = [], []
    for number, at in enumerate(hours[1:], 1):
        so_far = usage.total(series[number] for series in used.values())
        earlier = before[at.replace(day=1, hour=0, minute=0)]
        readings.append(
            UsageReading(turso.organization, at, at, so_far.rows_read - earlier.rows_read,
                         so_far.rows_written - earlier.rows_written, 0, so_far.storage_bytes)
        )  # fmt: skip
        for id_, series in used.items():
            was, is_now = series[number - 1], series[number]
            read, written = is_now.rows_read - was.rows_read, is_now.rows_written - was.rows_written
            growth.append(UsageGrowth(turso.organization, at, id_, read, written, 0))

    def store_all(connection: Connection) -> None:
        insert_newest(connection, usage_readings, [values(one) for one in readings])
        insert_newest(connection, usage_growth, [values(one) for one in growth])

    await store.database.write(store_all)


@dataclass(frozen=True)
class _RunningTotal:
    """The running total of one database's usage: at the start of each day, and now."""

    times: list[datetime]
    totals: list[Usage]

    def until(self, at: datetime) -> Usage:
        """Return the usage up to a time, interpolated within its day. The storage is that at the end of the day."""
        after = min(bisect_right(self.times, at), len(self.times) - 1)
        start, end = self.times[after - 1], self.times[after]
        before, then = self.totals[after - 1], self.totals[after]
        share = min((at - start) / max(end - start, _LEAST), 1.0)
        return Usage(
            int(before.rows_read + (then.rows_read - before.rows_read) * share),
            int(before.rows_written + (then.rows_written - before.rows_written) * share),
            then.storage_bytes,
        )


def _running_totals(connection: apsw.Connection, organization: str, now: datetime) -> dict[str, _RunningTotal]:
    """Return the running total of each database since the start of the month in which the readings begin.

    Databases that had no usage by the end of the first day, or that were destroyed before today, are left out.
    """
    first = (now.date() - timedelta(days=DAYS + 1)).replace(day=1)
    days = [first + timedelta(days=after) for after in range((now.date() - first).days + 1)]
    of_day: dict[str, list[Usage]] = defaultdict(list)
    for day in days:
        used = usage.of_organization(connection, organization, Period(day.isoformat(), day.isoformat()))
        for database_id, by_instance in used.items():
            of_day[database_id].append(usage.total(by_instance.values()))
    times = [*(datetime.combine(day, time(), UTC) for day in days), now]
    return {id_: _RunningTotal(times, list(_added_up(used))) for id_, used in of_day.items() if len(used) == len(days)}


def _added_up(used: list[Usage]) -> Iterator[Usage]:
    """Return the running totals before each day and after the last one.

    Storage isn't summed: it is the size at the end of the previous day. Before the first day, it is the first day's.
    """

    def add(before: Usage, day: Usage) -> Usage:
        return Usage(before.rows_read + day.rows_read, before.rows_written + day.rows_written, day.storage_bytes,
                     before.bytes_synced + day.bytes_synced)  # fmt: skip

    return accumulate(used, add, initial=Usage(storage_bytes=used[0].storage_bytes))
