"""Group commit: intents and audit entries that wait at the same time share one transaction."""

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import structlog
from sqlalchemy import Connection, select

from bot.core.concurrency.background import Background, Loop
from bot.core.records.audit_entry import AuditEntry
from bot.errors import NotRecorded, Unavailable
from bot.store.connections.database import Database
from bot.store.connections.rows import insert_new
from bot.store.repositories import audit_chain
from bot.store.schema.tables import intents

log = structlog.get_logger(__name__)

LARGEST = 500
GATHER_SECONDS = 0.005
"""How long audit entries wait for others, in seconds. An entry with a commit of its own costs ten times as much."""
PAUSE_SECONDS: Final = 0.5
"""The pause in seconds before intents are tried again if it is unknown whether their commit happened."""


class _GivenUp(Exception):
    """Raised before a commit, to roll back a transaction with an intent whose caller no longer waits."""


@dataclass(eq=False, slots=True)
class _Waiting:
    """A waiting caller. Its future gets a result when the rows are committed."""

    done: asyncio.Future[bool]
    intent: dict[str, Any] | None = None
    entries: Sequence[AuditEntry] = field(default=())
    is_given_up: bool = False
    """True once the caller was told that nothing is stored. So nothing may be stored afterwards."""
    may_be_stored: bool = False
    """True once a commit was sent. Whether it happened is unknown until the database confirms it."""

    def end(self, is_new: bool) -> None:
        if not self.done.done():
            self.done.set_result(is_new)

    def fail(self, error: BaseException) -> None:
        if isinstance(error, asyncio.CancelledError):
            self.done.cancel()
        elif not self.done.done():
            self.done.set_exception(error)


class GroupCommit:
    """Commits the rows of up to `LARGEST` callers in one transaction. The next group forms during that commit."""

    def __init__(self, database: Database, background: Background) -> None:
        self._database = database
        self._waiting: list[_Waiting] = []
        self._committing = threading.Lock()
        """Held just before a commit and while giving up an intent. SQLite's transactions run in another thread."""
        self._is_closing = False
        self._arrived = asyncio.Event()
        self._urgent = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._loop: Loop = background.add("group commit", self._write_group)

    def start(self) -> None:
        """Start the writer."""
        self._loop.start()

    async def intent(self, row: dict[str, Any], *, within: float | None = None) -> bool:
        """Commit an intent without waiting for other rows. Returns False if an intent with its key exists.

        Args:
            within: how many seconds to wait. If a commit was sent by then, wait longer for its outcome, because the
                intent may be stored.
        Raises:
            NotRecorded: the time limit was exceeded or the store failed. The intent was not and will not be stored.
            Unavailable: (any other) the store failed while the process was stopping. The intent may be stored.
            Exception: any other error is a bug, such as a row that the database refuses.
        """
        self._urgent.set()
        waiting = _Waiting(_future(), intent=row)
        done = self._join(waiting)
        try:
            async with asyncio.timeout(within):
                return await asyncio.shield(done)
        except TimeoutError:
            if within is not None and self._give_up(waiting):
                raise NotRecorded.after(within) from None
        return await done

    async def entries(self, entries: Sequence[AuditEntry]) -> None:
        """Append entries to the audit chain, after a short wait for other entries that share the commit.

        Raises:
            Unavailable: the store failed. The entries may be stored.
        """
        await self._join(_Waiting(_future(), entries=entries))

    async def settle(self) -> None:
        """Wait until the queue is empty: each row is committed, or its caller has got an error."""
        self._urgent.set()
        await self._idle.wait()

    async def close(self) -> None:
        """Wait until the queue is empty, and stop the writer."""
        self._is_closing = True
        await self.settle()
        await self._loop.stop()

    def _join(self, waiting: _Waiting) -> asyncio.Future[bool]:
        self._waiting.append(waiting)
        self._idle.clear()
        self._arrived.set()
        return waiting.done

    def _give_up(self, waiting: _Waiting) -> bool:
        """Prevent an intent from being stored. Returns False if its commit was already sent."""
        with self._committing:
            waiting.is_given_up = not waiting.may_be_stored
        if waiting.is_given_up:
            waiting.done.cancel()
            self._waiting = [other for other in self._waiting if other is not waiting]
        return waiting.is_given_up

    async def _write_group(self) -> None:
        """Wait for a caller, and commit the rows of up to `LARGEST` callers.

        Each of them gets a result or an error, except for intents that are put back to be tried again.
        """
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
        """Commit a group in one transaction. If it is refused, commit each caller's rows alone: only bad ones fail."""
        group = [waiting for waiting in group if not waiting.is_given_up]
        if not group:
            return
        try:
            new = await self._database.write(partial(_write, group=group), partial(self._send, group))
        except _GivenUp:
            await self._commit(group)
        except Unavailable as error:
            await self._commit_intents_again(group, error)
        except Exception as error:
            if len(group) == 1:
                log.error("group_commit.refused", error=type(error).__name__)
                group[0].fail(error)
                return
            for waiting in group:
                await self._commit([waiting])
        else:
            for place, waiting in enumerate(group):
                waiting.end(place in new)

    def _send(self, group: list[_Waiting]) -> None:
        """Mark a group as sent, just before its commit. After that, none of its intents can be given up."""
        with self._committing:
            if any(waiting.is_given_up for waiting in group):
                raise _GivenUp
            for waiting in group:
                waiting.may_be_stored = True

    async def _commit_intents_again(self, group: list[_Waiting], error: Unavailable) -> None:
        """Commit the intents again, because people wait for them and a broken connection is soon replaced.

        Audit entries aren't tried again. They might be stored twice, because they have no ID.
        """
        urgent = [waiting for waiting in group if waiting.intent is not None and not waiting.is_given_up]
        for waiting in group:
            if waiting.intent is None:
                waiting.fail(error)
        if not urgent:
            return
        try:
            new = await self._database.write(partial(_write, group=urgent), partial(self._send, urgent))
        except _GivenUp:
            await self._commit_intents_again(urgent, error)
        except Unavailable as again:
            await self._put_back(urgent, again)
        except Exception as again:
            for waiting in urgent:
                waiting.fail(again)
        else:
            for place, waiting in enumerate(urgent):
                waiting.end(place in new)

    async def _put_back(self, group: list[_Waiting], error: Unavailable) -> None:
        """Fail the intents that are known not to be stored.

        Intents that may be stored are tried again later, so that no caller gets a wrong error. While the process is
        stopping, their callers get `error`, which says that they may be stored.
        """
        uncertain = [waiting for waiting in group if waiting.may_be_stored and not self._is_closing]
        for waiting in group:
            if waiting not in uncertain:
                waiting.fail(error if waiting.may_be_stored else NotRecorded(error.cause))
        if uncertain:
            log.warning("store.intents_uncertain", references=[str((one.intent or {})["id"]) for one in uncertain])
            self._waiting[:0] = uncertain
            await asyncio.sleep(PAUSE_SECONDS)

    async def _gather(self) -> None:
        """Wait a moment for more rows, unless an intent is waiting, on which an acknowledgement depends."""
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
        if waiting.intent is not None and _add(connection, waiting.intent, may_exist=waiting.may_be_stored)
    }
    audit_chain.append(connection, [entry for waiting in group for entry in waiting.entries])
    return new


def _add(connection: Connection, intent: dict[str, Any], *, may_exist: bool) -> bool:
    """Add an intent.

    Returns True if it is new. With `may_exist`, an intent with the same ID is new, too: an earlier commit stored it.
    """
    if insert_new(connection, intents, intent):
        return True
    there = select(intents.c.id).where(intents.c.id == intent["id"])
    return may_exist and connection.execute(there).first() is not None
