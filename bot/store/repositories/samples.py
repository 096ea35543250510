"""Usage samples, from which rankings and digests of past periods are computed, and hourly readings for alerts."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, func, select, update

from bot.core.records.usage import UsageGrowth, UsageReading, UsageSample
from bot.store.connections.rows import insert_new, insert_newest, many, values
from bot.store.repositories.name_lists import any_of
from bot.store.repositories.repository import Repository
from bot.store.schema.tables import samples, usage_growth, usage_readings

AT_ONCE = 500


class Samples(Repository):
    """Usage samples, one per database and day or time, and hourly readings, one per organization and hour."""

    async def add(self, new: Sequence[UsageSample]) -> None:
        """Add samples. A later sample of the same database and day replaces an earlier one."""
        await self._database.write(lambda connection: _add(connection, new))

    async def add_reading(
        self, reading: UsageReading, growth: Sequence[UsageGrowth], samples: Sequence[UsageSample]
    ) -> bool:
        """Add an hour's reading and the usage that was measured with it. Returns False if the hour already has one.

        All are stored in one transaction, because the next hour is compared with these samples.
        """

        def work(connection: Connection) -> bool:
            if not insert_new(connection, usage_readings, values(reading)):
                return False
            insert_newest(connection, usage_growth, [values(one) for one in growth])
            _add(connection, samples)
            return True

        return await self._database.write(work)

    async def set_limits(self, reading: UsageReading, limits: Mapping[str, int]) -> None:
        """Record the plan's quotas in an hour's reading."""
        is_this = (usage_readings.c.organization == reading.organization) & (usage_readings.c.at == reading.at)
        query = update(usage_readings).where(is_this).values(limits=limits)
        await self._database.write(lambda connection: connection.execute(query))

    async def readings(self, *, organization: str, since: datetime) -> list[UsageReading]:
        """Return an organization's hourly readings since a time, oldest first."""
        query = select(usage_readings).where(
            usage_readings.c.organization == organization, usage_readings.c.at >= since
        )
        query = query.order_by(usage_readings.c.at)
        return await self._database.read(lambda connection: many(connection, UsageReading, query))

    async def growth(
        self, *, organization: str, at: Sequence[datetime], database_ids: Sequence[str] | None = None
    ) -> list[UsageGrowth]:
        """Return what databases used in the hour before each of `at`. `database_ids` are IDs, or None for all."""
        query = select(usage_growth).where(usage_growth.c.organization == organization, usage_growth.c.at.in_(at))

        def work(connection: Connection) -> list[UsageGrowth]:
            if database_ids is None:
                return many(connection, UsageGrowth, query)
            return many(
                connection, UsageGrowth, query.where(any_of(connection, usage_growth.c.database_id, database_ids))
            )

        return await self._database.read(work)

    async def find(
        self, *, organization: str, since: str, until: str, databases: Sequence[str] | None = None
    ) -> list[UsageSample]:
        """Return the samples whose `day` is from `since` to `until`, inclusive, ordered by day.

        Args:
            since, until: compared with `day` as text, in which `2026-11-24` comes before a time on that day.
            databases: exact names, or None for all.
        """
        days = samples.c.day.between(since, until)
        query = select(samples).where(samples.c.organization == organization, days)
        query = query.order_by(samples.c.day, samples.c.database)

        def work(connection: Connection) -> list[UsageSample]:
            of_these = query if databases is None else query.where(any_of(connection, samples.c.database, databases))
            return many(connection, UsageSample, of_these)

        return await self._database.read(work)

    async def first_day(self, *, organization: str) -> str | None:
        """Return the `day` of an organization's oldest sample, or None."""
        query = select(func.min(samples.c.day)).where(samples.c.organization == organization)
        return await self._database.read(lambda connection: connection.execute(query).scalar())


def _add(connection: Connection, new: Sequence[UsageSample]) -> None:
    rows = list({(s.organization, s.day, s.database_id): values(s) for s in new}.values())
    for start in range(0, len(rows), AT_ONCE):
        insert_newest(connection, samples, rows[start : start + AT_ONCE])
