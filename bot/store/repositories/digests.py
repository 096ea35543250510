"""Digests of channels, each with the timer that posts it."""

from datetime import datetime

from sqlalchemy import Connection, delete, select, update

from bot.core.records.timers import Timer, TimerKind
from bot.core.records.usage import Digest
from bot.store.connections.rows import insert_newest, one, values
from bot.store.repositories import transitions
from bot.store.repositories.repository import Repository
from bot.store.schema.tables import digests, timers


class Digests(Repository):
    """The digests, at most one per channel."""

    async def schedule(self, digest: Digest) -> None:
        """Set a channel's digest with its timer, replacing an earlier one."""

        def work(connection: Connection) -> None:
            insert_newest(connection, digests, [values(digest)])
            transitions.set_timers(connection, [Timer(TimerKind.DIGEST, digest.channel_id, digest.next_at)])

        await self._database.write(work)

    async def mark(self, channel_id: str, period: str, *, was: str, next_at: datetime | None = None) -> bool:
        """Set `last_period` by compare-and-set, and `next_at` if it is given.

        Returns False if `last_period` isn't `was` any more, or the digest was deleted.
        """
        there = (digests.c.channel_id == channel_id) & (digests.c.last_period == was)
        changes = {"last_period": period} | ({"next_at": next_at} if next_at is not None else {})
        query = update(digests).where(there).values(changes)
        return await self._database.write(lambda connection: connection.execute(query).rowcount == 1)

    async def drop(self, channel_id: str) -> bool:
        """Delete a channel's digest and its timer. Returns False if the channel had none."""

        def work(connection: Connection) -> bool:
            due = (timers.c.kind == TimerKind.DIGEST) & (timers.c.subject == channel_id)
            connection.execute(delete(timers).where(due))
            return connection.execute(delete(digests).where(digests.c.channel_id == channel_id)).rowcount == 1

        return await self._database.write(work)

    async def get(self, channel_id: str) -> Digest | None:
        """Return a channel's digest, or None."""
        query = select(digests).where(digests.c.channel_id == channel_id)
        return await self._database.read(lambda connection: one(connection, Digest, query))
