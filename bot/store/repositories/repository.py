"""What the repositories of the store have in common."""

from typing import Protocol

from sqlalchemy import Connection

from bot.store.connections.database import Database


class Enqueuer(Protocol):
    """Starts durable work with the transaction that decides it; `durable` fills it."""

    def enqueue(self, connection: Connection, request_id: str, phase: str) -> None:
        """Write the workflow `<request>:<phase>` into this transaction; once, however often it is asked."""


class NoDurableWork:
    """Enqueues nothing: for tools and tests that only read and write records."""

    def enqueue(self, connection: Connection, request_id: str, phase: str) -> None:
        """Do nothing."""


class Repository:
    """The records of one subject. Each method of a repository is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database
