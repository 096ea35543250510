"""The base class of the store's repositories, and the interface to durable work."""

from typing import Protocol

from sqlalchemy import Connection

from bot.store.connections.database import Database


class Enqueuer(Protocol):
    """Enqueues durable work in the transaction that causes it. `durable` implements this."""

    def enqueue(self, connection: Connection, request_id: str, phase: str) -> None:
        """Add the workflow `<request>:<phase>` to this transaction. A second call has no effect."""


class NoDurableWork:
    """Enqueues nothing, for tools and tests that only read and write records."""

    def enqueue(self, connection: Connection, request_id: str, phase: str) -> None:
        """Do nothing."""


class Repository:
    """The base class of repositories.

    A method makes all its changes in one transaction. Only `Pruning` deletes in several.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
