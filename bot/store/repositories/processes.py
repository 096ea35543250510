"""The running processes of the bot, each with its current policy."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Column, Connection, delete, select

from bot.store.connections.rows import insert_newest
from bot.store.repositories.repository import Repository
from bot.store.schema.tables import processes


class Processes(Repository):
    """The processes. Each updates its row regularly. The row of a killed process stays until it is old."""

    async def record(
        self, process_id: str, policy_hash: str, at: datetime, *, forget: datetime, failing: str = ""
    ) -> None:
        """Record that a process was running at `at`, and delete the rows last updated before `forget`.

        Args:
            at, forget: times of the machine's clock.
            failing: a text about the process's failing background loops. Empty if none fails.
        """
        row = {"id": process_id, "policy": policy_hash, "failing": failing, "seen_at": at}

        def work(connection: Connection) -> None:
            connection.execute(delete(processes).where(processes.c.seen_at < forget))
            insert_newest(connection, processes, [row])

        await self._database.write(work)

    async def remove(self, process_id: str) -> None:
        """Delete a process's row."""
        query = delete(processes).where(processes.c.id == process_id)
        await self._database.write(lambda connection: connection.execute(query))

    async def policies(self, since: datetime) -> Mapping[str, str]:
        """Return the policy hash of each process seen since a time, by process ID."""
        return await self._of_each(processes.c.policy, since)

    async def failing_loops(self, since: datetime) -> Mapping[str, str]:
        """Return the failing background loops of each process seen since a time, by process ID."""
        return await self._of_each(processes.c.failing, since)

    async def _of_each(self, column: Column[str], since: datetime) -> Mapping[str, str]:
        query = select(processes.c.id, column.label("value")).where(processes.c.seen_at >= since)
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        return {row.id: row.value for row in rows}
