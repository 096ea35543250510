"""Group commit: intents and audit entries that wait at the same time share one transaction."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import structlog
from sqlalchemy import Connection, select

from bot.core.concurrency.background import Background, Loop
from bot.core.records.audit_entry import AuditEntry
from bot.errors import Unavailable
from bot.store.connections.database import Database
from bot.store.connections.rows import insert_new
from bot.store.repositories import audit_chain
from bot.store.schema.tables import intents

log = structlog.get_logger(__name__)

LARGEST = 500
GATHER_SECONDS = 0.005
"""How long audit entries wait for others. Committed alone, an entry costs ten times as much."""


@dataclass(eq=False, slots=True)
class _Waiting:
    """A waiting caller, whose future is resolved when its rows are committed."""

    done: asyncio.Future[bool]
    intent: dict[str, Any] | None = None
    entries: Sequence[AuditEntry] = field(default=())

    def end(self, is_new: bool) -> None:
        if not self.done.done():
            self.done.set_result(is_new)

    def fail(self, error: BaseException) -> None:
        if isinstance(error, asyncio.CancelledError):
            self.done.cancel()
        elif not self.done.done():
            self.done.set_exception(error)


class GroupCommit:
    """A writer that commits all waiting rows in one transaction. The next group forms during that commit."""

    def __init__(self, database: Database, background: Background) -> None:
        self._database = database
        self._waiting: list[_Waiting] = []
        self._arrived = asyncio.Event()
        self._urgent = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._loop: Loop = background.add("group commit", self._write_group)

    def start(self) -> None:
        """Start the writer."""
        self._loop.start()

    async def intent(self, row: dict[str, Any]) -> bool:
        """Commit an intent at once. Returns False if one with its key exists."""
        self._urgent.set()
        return await self._join(_Waiting(_future(), intent=row))

    async def entries(self, entries: Sequence[AuditEntry]) -> None:
        """Append entries to the audit chain after a short wait, so that others can share the commit."""
        await self._join(_Waiting(_future(), entries=entries))

    async def settle(self) -> None:
        """Wait until all queued rows are committed."""
        self._urgent.set()
        await self._idle.wait()

    async def close(self) -> None:
        """Commit all queued rows, and stop the writer."""
        await self.settle()
        await self._loop.stop()

    def _join(self, waiting: _Waiting) -> asyncio.Future[bool]:
        self._waiting.append(waiting)
        self._idle.clear()
        self._arrived.set()
        return waiting.done

    async def _write_group(self) -> None:
        """Wait for a caller, and commit all that are waiting. Every caller gets its result or an error."""
        await self._arrived.wait()
        await self._gather()
        group, self._waiting = self._waiting[:LARGEST], self._waiting[LARGEST:]
        try:
            await self._commit(group)
        except BaseException as error:
            for waiting in group:
                waiting.fail(error)
            raise
        finally:
            if not self._waiting:
                self._arrived.clear()
                self._idle.set()

    async def _commit(self, group: list[_Waiting]) -> None:
        """Commit a group in one transaction. If that is refused, commit each row alone, so only bad ones fail."""
        try:
            new = await self._database.write(partial(_write, group=group))
        except Unavailable as error:
            await self._commit_intents_again(group, error)
        except Exception as error:
            if len(group) == 1:
                log.error("group_commit.refused", error=type(error).__name__)
                return group[0].fail(error)
            for waiting in group:
                await self._commit([waiting])
        else:
            for place, waiting in enumerate(group):
                waiting.end(place in new)

    async def _commit_intents_again(self, group: list[_Waiting], error: Unavailable) -> None:
        """Try intents once more, since people wait for them and a broken connection is soon replaced.

        The first commit may have succeeded. An intent that exists with the same ID was new then. Audit entries have no
        such ID, so they aren't written again.
        """
        urgent = [waiting for waiting in group if waiting.intent is not None]
        for waiting in group:
            if waiting.intent is None:
                waiting.fail(error)
        if not urgent:
            return
        try:
            new = await self._database.write(partial(_write_again, group=urgent))
        except Exception as again:
            for waiting in urgent:
                waiting.fail(again)
        else:
            for place, waiting in enumerate(urgent):
                waiting.end(place in new)

    async def _gather(self) -> None:
        """Wait a moment for more rows, unless an intent waits, since Slack's ack depends on it."""
        try:
            async with asyncio.timeout(GATHER_SECONDS):
                await self._urgent.wait()
        except TimeoutError:
            return
        self._urgent.clear()


def _future() -> asyncio.Future[bool]:
    return asyncio.get_running_loop().create_future()


def _write(connection: Connection, group: list[_Waiting]) -> set[int]:
    """Write a group, and return the indexes of the intents that were new."""
    new = {
        place
        for place, waiting in enumerate(group)
        if waiting.intent is not None and insert_new(connection, intents, waiting.intent)
    }
    audit_chain.append(connection, [entry for waiting in group for entry in waiting.entries])
    return new


def _write_again(connection: Connection, group: list[_Waiting]) -> set[int]:
    """Write the intents of a group whose commit was not confirmed."""
    new = _write(connection, group)
    for place, waiting in enumerate(group):
        if place not in new and waiting.intent is not None:
            there = select(intents.c.id).where(intents.c.id == waiting.intent["id"])
            new |= {place} if connection.execute(there).first() else set()
    return new
