"""The store: all that the bot keeps, in one database."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.core.background import Background
from bot.core.ports import Clock
from bot.store.audit import Audit
from bot.store.database import database_of
from bot.store.holds import Holds
from bot.store.incidents import Incidents
from bot.store.intents import Intents
from bot.store.live_cards import LiveCards
from bot.store.outcome_notices import OutcomeNotices
from bot.store.processes import Processes
from bot.store.pruning import Pruning
from bot.store.repository import Enqueuer, NoDurableWork
from bot.store.requests import Requests
from bot.store.reviews import Reviews
from bot.store.timers import Timers
from bot.store.tokens import Tokens
from bot.store.urls import place_of
from bot.store.usage import Usage


class SqlStore(
    Intents,
    Requests,
    OutcomeNotices,
    LiveCards,
    Tokens,
    Holds,
    Timers,
    Audit,
    Incidents,
    Reviews,
    Usage,
    Pruning,
    Processes,
):
    """The whole of `bot.core.ports.Memory`. Make it with `open_store`."""


@asynccontextmanager
async def open_store(
    database_url: str, clock: Clock, *, enqueuer: Enqueuer | None = None, background: Background | None = None
) -> AsyncIterator[SqlStore]:
    """Open the store of a `DATABASE_URL`; `upgrade` has made its tables before.

    Args:
        enqueuer: starts durable work within the store's transactions; none: nothing is started.
        background: the loops of this process, among which the store's writer is counted.
    Raises:
        BadDatabaseUrl: it is neither a SQLite file nor PostgreSQL.
    """
    database = database_of(place_of(database_url))
    store = SqlStore(database, clock, enqueuer or NoDurableWork(), background or Background())
    store.start()
    try:
        yield store
    finally:
        await store.close()
        await database.close()
