"""Group commit: intents and audit entries that wait at the same time share one transaction."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from sqlalchemy import Connection

from bot.core.request import AuditEntry
from bot.store import chain
from bot.store.database import Database
from bot.store.rows import insert_new
from bot.store.tables import intents

LARGEST = 500
GATHER_SECONDS = 0.005
"""For so long audit entries wait for each other: alone, an entry costs ten times as much."""


@dataclass(eq=False, slots=True)
class _Waiting:
    """One caller, who is told when what they brought is committed."""

    done: asyncio.Future[bool]
    intent: dict[str, Any] | None = None
    entries: Sequence[AuditEntry] = field(default=())


class GroupCommit:
    """One writer, which takes all that waits into one transaction; while that commits, the next group gathers."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: list[_Waiting] = []
        self._writer: asyncio.Task[None] | None = None
        self._urgent = asyncio.Event()

    async def intent(self, row: dict[str, Any]) -> bool:
        """Commit an intent, at once. False: one with its key was there before."""
        self._urgent.set()
        return await self._join(_Waiting(_future(), intent=row))

    async def entries(self, entries: Sequence[AuditEntry]) -> None:
        """Append entries to the audit chain, in a moment: others may come along."""
        await self._join(_Waiting(_future(), entries=entries))

    async def close(self) -> None:
        """Wait until all that waits is committed."""
        self._urgent.set()
        if self._writer is not None:
            await self._writer

    def _join(self, waiting: _Waiting) -> asyncio.Future[bool]:
        self._waiting.append(waiting)
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write(), name="store: group commit")
        return waiting.done

    async def _write(self) -> None:
        while self._waiting:
            await self._gather()
            group, self._waiting = self._waiting[:LARGEST], self._waiting[LARGEST:]
            try:
                new = await self._database.write(partial(_commit, group=group))
            except asyncio.CancelledError:
                for waiting in [*group, *self._waiting]:
                    waiting.done.cancel()
                raise
            except Exception as error:
                for waiting in group:
                    if not waiting.done.done():
                        waiting.done.set_exception(error)
            else:
                for place, waiting in enumerate(group):
                    if not waiting.done.done():
                        waiting.done.set_result(place in new)

    async def _gather(self) -> None:
        """Wait for company, unless an intent waits: then somebody waits for Slack's ack."""
        try:
            async with asyncio.timeout(GATHER_SECONDS):
                await self._urgent.wait()
        except TimeoutError:
            return
        self._urgent.clear()


def _future() -> asyncio.Future[bool]:
    return asyncio.get_running_loop().create_future()


def _commit(connection: Connection, group: list[_Waiting]) -> set[int]:
    """Write a group, and return the places in it of intents that were new."""
    new = {
        place
        for place, waiting in enumerate(group)
        if waiting.intent is not None and insert_new(connection, intents, waiting.intent)
    }
    chain.append(connection, [entry for waiting in group for entry in waiting.entries])
    return new
