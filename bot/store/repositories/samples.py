"""Usage samples, from which rankings and digests of past periods are computed."""

from collections.abc import Sequence

from sqlalchemy import Connection, func, select

from bot.core.records.usage import UsageSample
from bot.store.connections.rows import insert_newest, many, values
from bot.store.repositories.name_lists import any_of
from bot.store.repositories.repository import Repository
from bot.store.schema.tables import samples

AT_ONCE = 500


class Samples(Repository):
    """Usage samples, one per database and day."""

    async def add(self, new: Sequence[UsageSample]) -> None:
        """Add samples. A later sample of the same database and day replaces an earlier one."""
        rows = list({(s.organization, s.day, s.database_id): values(s) for s in new}.values())

        def work(connection: Connection) -> None:
            for start in range(0, len(rows), AT_ONCE):
                insert_newest(connection, samples, list(rows[start : start + AT_ONCE]))

        await self._database.write(work)

    async def find(
        self, *, organization: str, since: str, until: str, databases: Sequence[str] | None = None
    ) -> list[UsageSample]:
        """Return the samples from day `since` to day `until`, inclusive, by day. `databases` are exact names."""
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
