"""Timers: work with a due time, in rows that can be listed, changed and deleted."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, Connection, and_, delete, func, or_, select, update

from bot.core.records.timers import Backlog, Timer, TimerKind
from bot.store.connections.rows import many
from bot.store.repositories import transitions
from bot.store.repositories.repository import Repository
from bot.store.schema.tables import timers

EXAMPLES = 3
KNOWN = timers.c.kind.in_(list(TimerKind))
"""True for timers of a kind that this version knows. Other timers are left to the newer version that set them."""


class Timers(Repository):
    """The timers whose work isn't done yet."""

    async def due(self, now: datetime, *, limit: int = 100) -> list[Timer]:
        """Return up to `limit` due timers of known kinds whose `held_until` isn't in the future.

        The longest overdue timers come first. Timers that were started or have failed before come last, so that they
        don't delay others.
        """
        held = timers.c.held_until
        query = select(timers).where(timers.c.due_at <= now, KNOWN, or_(held.is_(None), held <= _machine_time()))
        query = query.order_by(held.is_not(None), timers.c.due_at).limit(limit)
        return await self._database.read(lambda connection: many(connection, Timer, query))

    async def is_due(self, kind: TimerKind, subject: str, due_at: datetime) -> bool:
        """Return True if the timer still exists with this due time."""
        query = select(timers.c.kind).where(_this(kind, subject, due_at))
        return await self._database.read(lambda connection: connection.execute(query).first() is not None)

    async def start(
        self, due: Sequence[Timer], held_until: datetime, enqueue: Callable[[Connection, Timer], None]
    ) -> None:
        """Enqueue the work of timers and set `held_until`, in one transaction, so that the next sweep starts others.

        Timers whose due time has changed, or that have failed or were deleted, since they were read are left out.
        """

        def work(connection: Connection) -> None:
            for timer in due:
                this = _this(timer.kind, timer.subject, timer.due_at) & (timers.c.failures == timer.failures)
                if connection.execute(update(timers).where(this).values(held_until=held_until)).rowcount == 1:
                    enqueue(connection, timer)

        await self._database.write(work)

    async def replace(self, fired: Timer, following: Timer | None) -> None:
        """Replace a fired timer with the next one, or delete it. Does nothing if its due time was changed meanwhile."""

        def work(connection: Connection) -> None:
            done = connection.execute(delete(timers).where(_this(fired.kind, fired.subject, fired.due_at)))
            if done.rowcount == 1 and following is not None:
                transitions.set_timers(connection, [following])

        await self._database.write(work)

    async def postpone(self, failed: Timer, held_until: datetime, cause: str) -> None:
        """Count a failure, and set `held_until`. Does nothing if its due time was changed or it was deleted."""
        query = update(timers).where(_this(failed.kind, failed.subject, failed.due_at))
        query = query.values(failures=failed.failures + 1, held_until=held_until, cause=cause)
        await self._database.write(lambda connection: connection.execute(query))

    async def schedule(self, timer: Timer) -> None:
        """Set a timer. It replaces a timer of the same kind and subject."""
        await self._database.write(lambda connection: transitions.set_timers(connection, [timer]))

    async def backlog(self, before: datetime) -> Backlog:
        """Count the timers that were due before a time and haven't fired or failed, and those that are failing.

        Timers of unknown kinds are counted, too, but aren't among the examples.
        """
        fails = timers.c.failures > 0
        late = select(func.count()).select_from(timers).where(timers.c.due_at < before, ~fails)
        failing = select(func.count()).select_from(timers).where(fails)
        worst = select(timers).where(fails, KNOWN).order_by(timers.c.failures.desc(), timers.c.due_at).limit(EXAMPLES)

        def work(connection: Connection) -> Backlog:
            overdue, fail = (connection.execute(query).scalar_one() for query in (late, failing))
            return Backlog(overdue, fail, tuple(many(connection, Timer, worst)))

        return await self._database.read(work)


def _machine_time() -> datetime:
    """Return the machine's time, because retries must not depend on CLOCK_FILE, which may stop or jump."""
    return datetime.now(UTC)


def _this(kind: TimerKind, subject: str, due_at: datetime) -> ColumnElement[bool]:
    return and_(timers.c.kind == kind, timers.c.subject == subject, timers.c.due_at == due_at)
