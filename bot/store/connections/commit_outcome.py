"""Find out whether PostgreSQL committed a transaction whose connection broke before the commit was confirmed."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine

PAUSES: Final = (0.0, 0.05, 0.2, 0.5, 1.0)
"""The pauses in seconds before each check, because the server may notice a lost connection late."""
_THIS: Final = text("SELECT CAST(pg_current_xact_id_if_assigned() AS text), pg_postmaster_start_time()")
_STATUS: Final = text("SELECT pg_xact_status(CAST(:id AS xid8)), pg_postmaster_start_time()")


@dataclass(frozen=True, slots=True)
class TransactionId:
    """The ID of a transaction that is about to be committed."""

    number: str | None
    """The transaction's number. None if it has written nothing."""
    server_started_at: datetime
    """When the server started. The number is only valid on this server, not on a replica that replaces it."""


def transaction_id(connection: Connection) -> TransactionId:
    """Return the ID of the current transaction. Call this just before its commit."""
    number, started_at = connection.execute(_THIS).one()
    return TransactionId(number, started_at)


async def was_committed(engine: AsyncEngine, transaction: TransactionId) -> bool | None:
    """Ask PostgreSQL, over another connection, whether it committed a transaction.

    Returns None if the server was restarted or replaced or no longer knows the transaction, or if the transaction is
    still in progress after the last check. A transaction that has written nothing counts as committed, without a
    question.

    Raises:
        DBAPIError: another connection couldn't be opened, or broke.
        TimeoutError: (SQLAlchemy's) every connection stayed in use.
    """
    if transaction.number is None:
        return True
    for pause in PAUSES:
        await asyncio.sleep(pause)
        async with engine.connect() as connection:
            status, started_at = (await connection.execute(_STATUS, {"id": transaction.number})).one()
        if started_at != transaction.server_started_at or status is None:
            return None
        if status != "in progress":
            return bool(status == "committed")
    return None
