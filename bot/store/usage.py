"""Digests of channels, and the usage samples that they compare."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, func, select, update

from bot.core.request import Digest, Timer, TimerKind, UsageSample
from bot.store import transitions
from bot.store.name_lists import any_of
from bot.store.repository import Repository
from bot.store.rows import insert_newest, many, one, values
from bot.store.tables import digests, samples, timers

AT_ONCE = 500


class Usage(Repository):
    """Digests and samples."""

    async def set_digest(self, digest: Digest) -> None:
        """One for each channel, with its timer: a second one replaces the first."""

        def work(connection: Connection) -> None:
            insert_newest(connection, digests, [values(digest)])
            transitions.set_timers(connection, [Timer(TimerKind.DIGEST, digest.channel_id, digest.next_at)])

        await self._database.write(work)

    async def mark_digest(self, channel_id: str, period: str, *, was: str, next_at: datetime | None = None) -> bool:
        """Compare-and-set the period last posted. False: it was dropped, set anew or marked meanwhile."""
        there = (digests.c.channel_id == channel_id) & (digests.c.last_period == was)
        changes = {"last_period": period} | ({"next_at": next_at} if next_at is not None else {})
        query = update(digests).where(there).values(changes)
        return await self._database.write(lambda connection: connection.execute(query).rowcount == 1)

    async def drop_digest(self, channel_id: str) -> bool:
        """False: the channel had none."""

        def work(connection: Connection) -> bool:
            due = (timers.c.kind == TimerKind.DIGEST) & (timers.c.subject == channel_id)
            connection.execute(delete(timers).where(due))
            return connection.execute(delete(digests).where(digests.c.channel_id == channel_id)).rowcount == 1

        return await self._database.write(work)

    async def digest(self, channel_id: str) -> Digest | None:
        """The digest of a channel."""
        query = select(digests).where(digests.c.channel_id == channel_id)
        return await self._database.read(lambda connection: one(connection, Digest, query))

    async def add_samples(self, new: Sequence[UsageSample]) -> None:
        """One for each database and day: a later one of the same day replaces it."""
        rows = list({(s.organization, s.day, s.database_id): values(s) for s in new}.values())

        def work(connection: Connection) -> None:
            for start in range(0, len(rows), AT_ONCE):
                insert_newest(connection, samples, list(rows[start : start + AT_ONCE]))

        await self._database.write(work)

    async def samples(
        self, *, organization: str, since: str, until: str, databases: Sequence[str] | None = None
    ) -> list[UsageSample]:
        """Those of the days from `since` to `until`, both included, by day; `databases`: exact names."""
        days = samples.c.day.between(since, until)
        query = select(samples).where(samples.c.organization == organization, days)
        query = query.order_by(samples.c.day, samples.c.database)

        def work(connection: Connection) -> list[UsageSample]:
            of_these = query if databases is None else query.where(any_of(connection, samples.c.database, databases))
            return many(connection, UsageSample, of_these)

        return await self._database.read(work)

    async def first_sample_day(self, *, organization: str) -> str | None:
        """The `day` of an organization's oldest sample; None: there is none."""
        query = select(func.min(samples.c.day)).where(samples.c.organization == organization)
        return await self._database.read(lambda connection: connection.execute(query).scalar())
