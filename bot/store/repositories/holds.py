"""Holds: the reasons why databases are blocked."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, select

from bot.core.records.audit_entry import AuditEntry
from bot.core.records.holds import Hold
from bot.store.connections.rows import many, one
from bot.store.repositories import audit_chain, transitions
from bot.store.repositories.repository import Repository
from bot.store.schema.tables import holds


class Holds(Repository):
    """The reasons why databases are blocked. New holds are stored with a request's transition."""

    async def find(
        self,
        *,
        organization: str | None = None,
        database: str | None = None,
        database_id: str | None = None,
        newest: int | None = None,
        released_since: datetime | None = None,
    ) -> list[Hold]:
        """Return the active holds, oldest first. With `newest`, return that many, newest first.

        Args:
            released_since: return the holds that were released since that time instead.
        """
        wanted = holds.c.released_at.is_(None) if released_since is None else holds.c.released_at >= released_since
        query = select(holds).where(wanted)
        if newest is None:
            query = query.order_by(holds.c.placed_at, holds.c.id)
        else:
            query = query.order_by(holds.c.placed_at.desc(), holds.c.id.desc()).limit(newest)
        if organization is not None:
            query = query.where(holds.c.organization == organization)
        if database is not None:
            query = query.where(holds.c.database == database)
        if database_id is not None:
            query = query.where(holds.c.database_id == database_id)
        return await self._database.read(lambda connection: many(connection, Hold, query))

    async def get(self, hold_id: str) -> Hold | None:
        """Return one hold, active or released."""
        query = select(holds).where(holds.c.id == hold_id)
        return await self._database.read(lambda connection: one(connection, Hold, query))

    async def release(
        self, hold_id: str, at: datetime, *, entries: Sequence[AuditEntry] = (), keeps_timer: bool = False
    ) -> bool:
        """Release a hold, and delete its timer unless `keeps_timer`. Returns False if it was already released.

        With the last other hold of a database, its found blocks are released, too. Unless `keeps_timer`, a timer is set
        that removes blocks which no hold needs, if such blocks may be left.
        """

        def work(connection: Connection) -> bool:
            if not transitions.release(connection, [hold_id], at, keeps_timers=keeps_timer):
                return False
            transitions.release_found(connection, hold_id, at)
            audit_chain.append(connection, entries)
            return True

        return await self._database.write(work)
