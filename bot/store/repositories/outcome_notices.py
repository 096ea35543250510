"""Outcome notices: outcomes and other events of which people must be notified, and who was notified when and how."""

from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Connection, delete, or_, select

from bot.core.ports import Clock
from bot.core.records.audit_entry import AuditEntry
from bot.core.records.notices import PLAINLY, PendingNotice
from bot.core.records.timers import TimerKind
from bot.store.connections.database import Database
from bot.store.connections.rows import insert_new, insert_newest, many
from bot.store.repositories import audit_chain, transitions
from bot.store.repositories.repository import Repository
from bot.store.schema.tables import outcome_notices, timers

EVERYBODY: Final = ""
NOBODY: Final = "nobody"


class OutcomeNotices(Repository):
    """The pending and delivered notices of outcomes."""

    def __init__(self, database: Database, clock: Clock) -> None:
        super().__init__(database)
        self._clock = clock

    async def pending(self, subject: str) -> list[PendingNotice]:
        """Return the pending notices of a request, review or other subject, oldest first."""
        query = select(outcome_notices).where(_owed(subject)).order_by(outcome_notices.c.owed_at)
        return await self._database.read(lambda connection: many(connection, PendingNotice, query))

    async def was_notified(self, subject: str, event: str, person: str = EVERYBODY) -> bool:
        """Return True if people, or the given person, were notified of an outcome."""
        return await self.how_notified(subject, event, person) is not None

    async def how_notified(self, subject: str, event: str, person: str) -> str | None:
        """Return how a person was notified of an outcome. None if they weren't."""
        this = (outcome_notices.c.subject == subject) & (outcome_notices.c.event == event)
        told = this & (outcome_notices.c.person == person) & outcome_notices.c.told_at.is_not(None)
        query = select(outcome_notices.c.how).where(told)
        return await self._database.read(lambda connection: connection.scalar(query))

    async def set_notified(self, subject: str, event: str, *, how: str, person: str = EVERYBODY) -> None:
        """Record how people were notified, or that nobody could be reached (`NOBODY`).

        Deletes the timer if no other notice of the subject is pending.
        """
        now = self._clock.now()
        key = {"subject": subject, "event": event, "person": person}
        row = {**key, "owed_at": now, "told_at": None if how == NOBODY else now, "how": how}

        def work(connection: Connection) -> None:
            insert_newest(connection, outcome_notices, [row])
            if connection.execute(select(outcome_notices.c.event).where(_owed(subject))).first() is None:
                reminds = (timers.c.kind == TimerKind.NOTIFY) & (timers.c.subject == subject)
                connection.execute(delete(timers).where(reminds))

        await self._database.write(work)

    async def record_once(self, subject: str, event: str, entry: AuditEntry) -> None:
        """Add an audit entry about an event, unless one was added before. Both are stored in one transaction."""
        row = {"subject": subject, "event": event, "person": EVERYBODY, "owed_at": entry.at, "told_at": entry.at}

        def work(connection: Connection) -> None:
            if insert_new(connection, outcome_notices, {**row, "how": "recorded"}):
                audit_chain.append(connection, [entry])

        await self._database.write(work)

    async def owe_once(self, subject: str, event: str) -> bool:
        """Record a pending notice with its timer. Returns False if it was already recorded."""
        now = self._clock.now()
        return await self._database.write(lambda connection: transitions.owe_once(connection, subject, event, now))

    async def undelivered(self, *, since: datetime, before: datetime) -> list[PendingNotice]:
        """Return the notices since a time that reached nobody.

        These are the notices for which nobody could be reached, and the pending ones from before `before`.
        """
        late = or_(outcome_notices.c.how == NOBODY, outcome_notices.c.owed_at < before)
        whole = (outcome_notices.c.person == EVERYBODY) & outcome_notices.c.told_at.is_(None)
        query = select(outcome_notices).where(whole & late & (outcome_notices.c.owed_at >= since))
        return await self._database.read(
            lambda connection: many(connection, PendingNotice, query.order_by(outcome_notices.c.owed_at))
        )

    async def delivered_plainly(self, *, since: datetime) -> list[PendingNotice]:
        """Return the outcomes since a time of which people were notified without the card, which couldn't be built."""
        plainly = (outcome_notices.c.how == PLAINLY) & (outcome_notices.c.owed_at >= since)
        query = select(outcome_notices).where(plainly).order_by(outcome_notices.c.owed_at)
        return await self._database.read(lambda connection: many(connection, PendingNotice, query))


def _owed(subject: str) -> ColumnElement[bool]:
    whole = (outcome_notices.c.subject == subject) & (outcome_notices.c.person == EVERYBODY)
    return whole & outcome_notices.c.told_at.is_(None) & (outcome_notices.c.how == "")
