"""Reviews of break-glass operations."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, select, update

from bot.core.records.audit_entry import AuditEntry
from bot.core.records.incidents import Review
from bot.core.records.notices import REVIEWED
from bot.core.records.timers import TimerKind
from bot.store.connections.rows import many, one
from bot.store.repositories import audit_chain, transitions
from bot.store.repositories.repository import Repository
from bot.store.schema.tables import reviews, timers


class Reviews(Repository):
    """The open and completed reviews. New reviews are stored with a request's transition."""

    async def get(self, review_id: str) -> Review | None:
        """Return a review, open or completed."""
        query = select(reviews).where(reviews.c.id == review_id)
        return await self._database.read(lambda connection: one(connection, Review, query))

    async def find(
        self,
        *,
        owed: bool = True,
        actor: str | None = None,
        request_ids: Sequence[str] | None = None,
        limit: int | None = None,
    ) -> list[Review]:
        """Return the open reviews, the first due first. With `owed=False`, return the completed ones, newest first."""
        query = select(reviews).where(reviews.c.reviewed_at.is_(None) if owed else reviews.c.reviewed_at.is_not(None))
        if actor is not None:
            query = query.where(reviews.c.actor == actor)
        if request_ids is not None:
            query = query.where(reviews.c.request_id.in_(list(request_ids)))
        query = query.order_by(reviews.c.due_at if owed else reviews.c.reviewed_at.desc()).limit(limit)
        return await self._database.read(lambda connection: many(connection, Review, query))

    async def settle(
        self, review_id: str, by: str, justified: bool, comment: str, at: datetime, entry: AuditEntry
    ) -> bool:
        """Complete a review with a pending notice, and delete its reminder. Returns False if it already was."""
        given = {"justified": justified, "reviewed_by": by, "reviewed_at": at, "comment": comment}

        def work(connection: Connection) -> bool:
            owed = (reviews.c.id == review_id) & reviews.c.reviewed_at.is_(None)
            if connection.execute(update(reviews).where(owed).values(given)).rowcount != 1:
                return False
            reminds = (timers.c.kind == TimerKind.REVIEW) & (timers.c.subject == review_id)
            connection.execute(delete(timers).where(reminds))
            transitions.owe(connection, review_id, REVIEWED, at)
            audit_chain.append(connection, [entry])
            return True

        return await self._database.write(work)
