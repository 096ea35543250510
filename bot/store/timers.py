"""Timers: what is due, as rows that can be seen, moved and cancelled."""

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, delete, select

from bot.core.request import Timer, TimerKind
from bot.store import moves
from bot.store.room import Room
from bot.store.rows import many
from bot.store.tables import timers


class Timers(Room):
    """What is due."""

    async def due(self, now: datetime, *, limit: int = 100) -> list[Timer]:
        """Those whose time has come, the longest overdue first."""
        query = select(timers).where(timers.c.due_at <= now).order_by(timers.c.due_at).limit(limit)
        return await self._database.read(lambda connection: many(connection, Timer, query))

    async def is_due(self, kind: TimerKind, subject: str, due_at: datetime) -> bool:
        """True while that timer is neither moved nor dropped."""
        query = select(timers.c.kind).where(_this(kind, subject, due_at))
        return await self._database.read(lambda connection: connection.execute(query).first() is not None)

    async def turn_timer(self, fired: Timer, following: Timer | None) -> None:
        """Replace a timer that has fired by the following one, or drop it; not if it was moved meanwhile."""

        def work(connection: Connection) -> None:
            done = connection.execute(delete(timers).where(_this(fired.kind, fired.subject, fired.due_at)))
            if done.rowcount == 1 and following is not None:
                moves.set_timers(connection, [following])

        await self._database.write(work)

    async def set_timer(self, timer: Timer) -> None:
        """One for each kind and subject: a second one moves the first."""
        await self._database.write(lambda connection: moves.set_timers(connection, [timer]))


def _this(kind: TimerKind, subject: str, due_at: datetime) -> ColumnElement[bool]:
    return and_(timers.c.kind == kind, timers.c.subject == subject, timers.c.due_at == due_at)
