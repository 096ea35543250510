"""Incidents, which change a channel's rules for a while. A channel has at most one active incident."""

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, delete, func, select, update

from bot.core.records.audit_entry import AuditEntry
from bot.core.records.incidents import Incident
from bot.core.records.timers import Timer, TimerKind
from bot.store.connections.database import Database
from bot.store.connections.rows import insert_new, many, one, values
from bot.store.repositories import audit_chain, transitions
from bot.store.repositories.repository import Repository
from bot.store.repositories.running_incidents import RunningIncidents
from bot.store.schema.tables import incidents, timers


class Incidents(Repository):
    """The incidents of all channels."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._running = RunningIncidents(self.find_running)

    async def start(self, incident: Incident, timer: Timer, entry: AuditEntry) -> Incident | None:
        """Start an incident with its timer. Returns None if the channel has an active one, or it was started before."""

        def work(connection: Connection) -> Incident | None:
            if not insert_new(connection, incidents, values(incident)):
                return None
            transitions.set_timers(connection, [timer])
            audit_chain.append(connection, [entry])
            return incident

        try:
            return await self._database.write(work)
        finally:
            self._running.forget()

    async def running_in(self, channel_id: str) -> Incident | None:
        """Return the channel's active incident, or None. Changes by other processes are visible within a second."""
        return (await self._running.by_channel()).get(channel_id)

    async def last_in(self, channel_id: str) -> Incident | None:
        """Return the channel's latest incident, active or ended."""
        return await self._last(incidents.c.channel_id == channel_id)

    async def last_with_key(self, channel_id: str, key: str) -> Incident | None:
        """Return the channel's latest incident with this key, active or ended. The key's case is ignored."""
        return await self._last((incidents.c.channel_id == channel_id) & (func.lower(incidents.c.key) == key.lower()))

    async def _last(self, condition: ColumnElement[bool]) -> Incident | None:
        query = select(incidents).where(condition)
        query = query.order_by(incidents.c.started_at.desc(), incidents.c.id.desc()).limit(1)
        return await self._database.read(lambda connection: one(connection, Incident, query))

    async def get(self, incident_id: str) -> Incident | None:
        """Return an incident, active or ended."""
        query = select(incidents).where(incidents.c.id == incident_id)
        return await self._database.read(lambda connection: one(connection, Incident, query))

    async def find_running(self, *, newest: int | None = None) -> list[Incident]:
        """Return the active incidents, oldest first. With `newest`, return that many, newest first."""
        query = select(incidents).where(incidents.c.ended_at.is_(None))
        if newest is None:
            query = query.order_by(incidents.c.started_at)
        else:
            query = query.order_by(incidents.c.started_at.desc(), incidents.c.id.desc()).limit(newest)
        return await self._database.read(lambda connection: many(connection, Incident, query))

    async def end(
        self, incident_id: str, by: str, at: datetime, entry: AuditEntry, *, keeps_timer: bool = False
    ) -> bool:
        """End an incident, and delete its timer unless `keeps_timer`. Returns False if it had already ended."""

        def work(connection: Connection) -> bool:
            running = (incidents.c.id == incident_id) & incidents.c.ended_at.is_(None)
            if connection.execute(update(incidents).where(running).values(ended_at=at, ended_by=by)).rowcount != 1:
                return False
            if not keeps_timer:
                ends = (timers.c.kind == TimerKind.INCIDENT_END) & (timers.c.subject == incident_id)
                connection.execute(delete(timers).where(ends))
            audit_chain.append(connection, [entry])
            return True

        try:
            return await self._database.write(work)
        finally:
            self._running.forget()

    async def extend(self, incident_id: str, until: datetime, entry: AuditEntry) -> bool:
        """Change the end of an active incident, with its timer. Returns False if it has already ended."""

        def work(connection: Connection) -> bool:
            running = (incidents.c.id == incident_id) & incidents.c.ended_at.is_(None)
            if connection.execute(update(incidents).where(running).values(until=until)).rowcount != 1:
                return False
            transitions.set_timers(connection, [Timer(TimerKind.INCIDENT_END, incident_id, until)])
            audit_chain.append(connection, [entry])
            return True

        try:
            return await self._database.write(work)
        finally:
            self._running.forget()

    async def set_timeline(self, incident_id: str, ts: str) -> None:
        """Record the `ts` of the message that announces the incident."""
        query = update(incidents).where(incidents.c.id == incident_id).values(timeline_ts=ts)
        await self._database.write(lambda connection: connection.execute(query))
        self._running.forget()
