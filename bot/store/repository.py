"""What every part of the store stands on."""

from typing import Protocol

from sqlalchemy import Connection

from bot.core.background import Background
from bot.core.ports import Clock
from bot.store.database import Database
from bot.store.group_commit import GroupCommit


class Enqueuer(Protocol):
    """Starts durable work with the transaction that decides it; `durable` fills it."""

    def enqueue(self, connection: Connection, request_id: str, phase: str) -> None:
        """Write the workflow `<request>:<phase>` into this transaction; once, however often it is asked."""


class NoDurableWork:
    """Enqueues nothing: for tools and tests that only read and write records."""

    def enqueue(self, connection: Connection, request_id: str, phase: str) -> None:
        """Do nothing."""


class Repository:
    """One subject of the store. Each method of a subject is one transaction."""

    def __init__(self, database: Database, clock: Clock, enqueuer: Enqueuer, background: Background) -> None:
        self._database = database
        self._clock = clock
        self._enqueuer = enqueuer
        self._group = GroupCommit(database, background)

    def start(self) -> None:
        """Start to write what comes in groups."""
        self._group.start()

    async def close(self) -> None:
        """Write what waits, and end the writer."""
        await self._group.close()
