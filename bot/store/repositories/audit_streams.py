"""The audit streams, which send the audit log to receivers: the last entry that each receiver has."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, or_, select, update

from bot.store.connections.rows import insert_new, one
from bot.store.repositories.repository import Repository
from bot.store.schema.tables import log_streams


@dataclass(frozen=True, slots=True)
class StreamState:
    """The state of a stream."""

    seq: int = 0
    """The number of the last entry that the receiver has, or 0."""
    received_at: datetime | None = None
    fault: str = ""
    """Why the last batch of entries wasn't received. Empty if it was, or if none was sent yet."""


class AuditStreams(Repository):
    """The streams, each with a lease. Only the process with the lease sends, so that entries arrive in order."""

    async def state(self, stream: str) -> StreamState:
        """Return the state of a stream. The receiver of a new stream has no entries."""
        query = select(log_streams).where(log_streams.c.stream == stream)
        return await self._database.read(lambda connection: one(connection, StreamState, query)) or StreamState()

    async def lease(self, stream: str, owner: str, *, now: datetime, until: datetime) -> int | None:
        """Take or extend the lease. Returns the number of the last received entry. None if another process has it."""
        first = {"stream": stream, "seq": 0, "owner": owner, "owned_until": until, "received_at": None, "fault": ""}
        free = or_(log_streams.c.owner == owner, log_streams.c.owned_until <= now)
        take = update(log_streams).where(log_streams.c.stream == stream, free)
        take = take.values(owner=owner, owned_until=until)

        def work(connection: Connection) -> int | None:
            if insert_new(connection, log_streams, first):
                return 0
            if connection.execute(take).rowcount != 1:
                return None
            query = select(log_streams.c.seq).where(log_streams.c.stream == stream)
            return int(connection.execute(query).scalar_one())

        return await self._database.write(work)

    async def received(self, stream: str, owner: str, seq: int, *, was: int, at: datetime) -> bool:
        """Record the last entry that a receiver has, by compare-and-set.

        Returns False if another process has the lease now, or the recorded entry is no longer `was`.
        """
        change = update(log_streams).where(_is_owned(stream, owner), log_streams.c.seq == was)
        change = change.values(seq=seq, received_at=at, fault="")
        return await self._database.write(lambda connection: connection.execute(change).rowcount == 1)

    async def failed(self, stream: str, owner: str, fault: str) -> None:
        """Record why a batch wasn't received. Does nothing if another process has the lease now."""
        change = update(log_streams).where(_is_owned(stream, owner)).values(fault=fault)
        await self._database.write(lambda connection: connection.execute(change))

    async def release(self, stream: str, owner: str, now: datetime) -> None:
        """Release the lease, so that another process doesn't have to wait until it expires."""
        change = update(log_streams).where(_is_owned(stream, owner)).values(owner="", owned_until=now)
        await self._database.write(lambda connection: connection.execute(change))

    async def rewind(self, stream: str, seq: int) -> bool:
        """Make the stream send the entries after `seq` again. Returns False if the receiver doesn't have `seq` yet."""
        change = update(log_streams).where(log_streams.c.stream == stream, log_streams.c.seq >= seq)
        change = change.values(seq=seq)
        return await self._database.write(lambda connection: connection.execute(change).rowcount == 1)


def _is_owned(stream: str, owner: str) -> ColumnElement[bool]:
    return (log_streams.c.stream == stream) & (log_streams.c.owner == owner)
