"""Delegations of approvers who are away."""

from datetime import datetime

from sqlalchemy import delete, select

from bot.core.records.delegations import Delegation
from bot.store.connections.rows import insert_newest, many, one, values
from bot.store.repositories.repository import Repository
from bot.store.schema.tables import delegations


class Delegations(Repository):
    """The delegations, at most one per person."""

    async def set(self, delegation: Delegation) -> None:
        """Set a person's delegation, replacing an earlier one."""
        await self._database.write(lambda connection: insert_newest(connection, delegations, [values(delegation)]))

    async def drop(self, person: str) -> bool:
        """Delete a person's delegation. Returns False if there was none."""
        query = delete(delegations).where(delegations.c.person == person)
        return await self._database.write(lambda connection: connection.execute(query).rowcount == 1)

    async def active(self, at: datetime) -> list[Delegation]:
        """Return every delegation that is active at a time, ordered by person."""
        query = select(delegations).where((delegations.c.since <= at) & (delegations.c.until > at))
        query = query.order_by(delegations.c.person)
        return await self._database.read(lambda connection: many(connection, Delegation, query))

    async def of(self, person: str) -> Delegation | None:
        """Return a person's delegation, even if it has expired or not yet begun."""
        query = select(delegations).where(delegations.c.person == person)
        return await self._database.read(lambda connection: one(connection, Delegation, query))
