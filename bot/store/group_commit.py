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
from bot.store.rows import insert_unseen
from bot.store.tables import intents

LARGEST = 500


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

    async def intent(self, row: dict[str, Any]) -> bool:
        """Commit an intent. False: one with its key was there before."""
        return await self._join(_Waiting(_future(), intent=row))

    async def entries(self, entries: Sequence[AuditEntry]) -> None:
        """Append entries to the audit chain."""
        await self._join(_Waiting(_future(), entries=entries))

    async def close(self) -> None:
        """Wait until all that waits is committed."""
        if self._writer is not None:
            await self._writer

    def _join(self, waiting: _Waiting) -> asyncio.Future[bool]:
        self._waiting.append(waiting)
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write(), name="store: group commit")
        return waiting.done

    async def _write(self) -> None:
        while self._waiting:
            group, self._waiting = self._waiting[:LARGEST], self._waiting[LARGEST:]
            try:
                new = await self._database.write(partial(_commit, group=group))
            except asyncio.CancelledError:
                for waiting in [*group, *self._waiting]:
                    waiting.done.cancel()
                raise
            except Exception as error:
                for waiting in _still_there(group):
                    waiting.done.set_exception(error)
            else:
                for waiting in _still_there(group):
                    waiting.done.set_result(waiting.intent is None or waiting.intent["id"] in new)


def _future() -> asyncio.Future[bool]:
    return asyncio.get_running_loop().create_future()


def _still_there(group: list[_Waiting]) -> list[_Waiting]:
    return [waiting for waiting in group if not waiting.done.done()]


def _commit(connection: Connection, group: list[_Waiting]) -> set[str]:
    # Of two intents with one key the first counts.
    rows = {row["key"]: row for waiting in reversed(group) if (row := waiting.intent) is not None}
    new = insert_unseen(connection, intents, list(rows.values()), "id") if rows else set()
    chain.append(connection, [entry for waiting in group for entry in waiting.entries])
    return new
