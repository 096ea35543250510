"""Branches, with their owners and ends. An end only changes by compare-and-set, so that one of two changes fails."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, delete, select, update

from bot.core.records.audit_entry import AuditEntry
from bot.core.records.branches import Branch, BranchState
from bot.core.records.timers import Timer, TimerKind
from bot.store.connections.rows import many, one
from bot.store.repositories import audit_chain, transitions
from bot.store.repositories.name_lists import any_of
from bot.store.repositories.repository import Repository
from bot.store.schema.tables import branches, timers


class Branches(Repository):
    """The branches that were created with Turso Ops. New branches are stored with a request's transition."""

    async def get(self, branch_id: str) -> Branch | None:
        """Return one branch, in any state."""
        query = select(branches).where(branches.c.id == branch_id)
        return await self._database.read(lambda connection: one(connection, Branch, query))

    async def find(self, *, organization: str, database_ids: Sequence[str] | None = None) -> list[Branch]:
        """Return the branches of an organization, newest first."""

        def read(connection: Connection) -> list[Branch]:
            query = select(branches).where(branches.c.organization == organization)
            if database_ids is not None:
                query = query.where(any_of(connection, branches.c.database_id, database_ids))
            return many(connection, Branch, query.order_by(branches.c.created_at.desc(), branches.c.id))

        return await self._database.read(read)

    async def move_end(self, branch: Branch, ends_at: datetime | None, entry: AuditEntry) -> Branch | None:
        """Change or remove the end of a branch, with its timer, and make the branch active.

        Returns None if the branch was changed in the meantime.
        """
        moved = replace(branch, ends_at=ends_at, state=BranchState.ACTIVE)

        def work(connection: Connection) -> Branch | None:
            if not _changed(connection, branch, moved):
                return None
            ends = (timers.c.kind == TimerKind.BRANCH_END) & (timers.c.subject == branch.id)
            connection.execute(delete(timers).where(ends))
            if due := moved.announced_at:
                transitions.set_timers(connection, [Timer(TimerKind.BRANCH_END, branch.id, due)])
            audit_chain.append(connection, [entry])
            return moved

        return await self._database.write(work)

    async def begin_end(self, branch: Branch, entry: AuditEntry) -> Branch | None:
        """Mark a branch as ending. Returns None if it was changed in the meantime. The timer that is firing is kept."""
        begun = replace(branch, state=BranchState.ENDING)

        def work(connection: Connection) -> Branch | None:
            if not _changed(connection, branch, begun):
                return None
            audit_chain.append(connection, [entry])
            return begun

        return await self._database.write(work)

    async def close(self, branch_id: str, entry: AuditEntry | None = None) -> bool:
        """Mark an ending branch as ended. Returns False if it isn't ending."""
        begun = (branches.c.id == branch_id) & (branches.c.state == BranchState.ENDING)

        def work(connection: Connection) -> bool:
            ended = update(branches).where(begun).values(state=BranchState.ENDED, ends_at=None)
            if connection.execute(ended).rowcount != 1:
                return False
            audit_chain.append(connection, [entry] if entry else [])
            return True

        return await self._database.write(work)


def _changed(connection: Connection, was: Branch, now: Branch) -> bool:
    """Change the end and the state by compare-and-set. Returns True if they were changed."""
    end: ColumnElement[bool] = (
        branches.c.ends_at.is_(None) if was.ends_at is None else branches.c.ends_at == was.ends_at
    )
    same = (branches.c.id == was.id) & end & (branches.c.state == was.state)
    changed = update(branches).where(same).values(ends_at=now.ends_at, state=now.state)
    return connection.execute(changed).rowcount == 1
