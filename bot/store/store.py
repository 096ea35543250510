"""The store: all repositories of one database."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.core.concurrency.background import Background
from bot.core.ports import Clock
from bot.errors import Unavailable
from bot.store.connections.database import Database
from bot.store.connections.postgresql_database import POSTGRESQL_POOL, POSTGRESQL_TIMEOUT, PostgresqlDatabase
from bot.store.connections.rows import insert_newest
from bot.store.connections.sqlite_database import SqliteDatabase
from bot.store.connections.urls import Place, place_of
from bot.store.repositories.alerts import Alerts
from bot.store.repositories.audit import Audit
from bot.store.repositories.audit_streams import AuditStreams
from bot.store.repositories.branches import Branches
from bot.store.repositories.cards import Cards
from bot.store.repositories.delegations import Delegations
from bot.store.repositories.digests import Digests
from bot.store.repositories.group_commit import GroupCommit
from bot.store.repositories.holds import Holds
from bot.store.repositories.incidents import Incidents
from bot.store.repositories.intents import Intents
from bot.store.repositories.live_cards import LiveCards
from bot.store.repositories.outcome_notices import OutcomeNotices
from bot.store.repositories.processes import Processes
from bot.store.repositories.pruning import Pruning
from bot.store.repositories.repository import Enqueuer, NoDurableWork
from bot.store.repositories.requests import Requests
from bot.store.repositories.reviews import Reviews
from bot.store.repositories.samples import Samples
from bot.store.repositories.timers import Timers
from bot.store.repositories.tokens import Tokens
from bot.store.schema.tables import heartbeat


class SqlStore:
    """The repositories of one database. `open_store` creates it."""

    def __init__(self, database: Database, clock: Clock, enqueuer: Enqueuer, background: Background) -> None:
        self.database = database
        self._clock = clock
        self._group = GroupCommit(database, background)
        self.intents = Intents(database, self._group)
        self.requests = Requests(database, enqueuer)
        self.cards = Cards(database)
        self.live_cards = LiveCards(database)
        self.notices = OutcomeNotices(database, clock)
        self.tokens = Tokens(database)
        self.holds = Holds(database)
        self.timers = Timers(database)
        self.audit = Audit(database, self._group)
        self.audit_streams = AuditStreams(database)
        self.incidents = Incidents(database)
        self.reviews = Reviews(database)
        self.digests = Digests(database)
        self.delegations = Delegations(database)
        self.samples = Samples(database)
        self.alerts = Alerts(database)
        self.branches = Branches(database)
        self.processes = Processes(database)
        self.pruning = Pruning(database)

    def start(self) -> None:
        """Start the group commit."""
        self._group.start()

    async def trouble(self) -> str:
        """Return a sentence for operators that says why nothing can be committed now. Empty if a commit works."""
        try:
            row = {"id": 1, "at": self._clock.now()}
            await self.database.write(lambda connection: insert_newest(connection, heartbeat, [row]))
        except Unavailable as error:
            return error.cause
        except Exception as error:
            return f"The bot's own database refused a write ({type(error).__name__})."
        return ""

    async def settle(self) -> None:
        """Wait until everything in the queue for group commit is committed or has failed."""
        await self._group.settle()

    async def close(self) -> None:
        """Wait until the queue for group commit is empty, and stop the group commit."""
        await self._group.close()


@asynccontextmanager
async def open_store(
    database: str | Place,
    clock: Clock,
    *,
    enqueuer: Enqueuer | None = None,
    background: Background | None = None,
    pool_size: int = POSTGRESQL_POOL,
    timeout: int = POSTGRESQL_TIMEOUT,
    pooled: bool = False,
) -> AsyncIterator[SqlStore]:
    """Yield the store at a `DATABASE_URL` or a place. `upgrade` must have created its tables.

    Args:
        enqueuer: enqueues durable work within the store's transactions. None means that none is enqueued.
        background: the loops of this process, to which the store's writer is added.
        pool_size: the maximum number of connections to PostgreSQL.
        timeout: how many seconds a read from PostgreSQL may take. PostgreSQL also cancels each statement that takes
            longer.
        pooled: True if connections may go through a transaction pooler. Then no statements are prepared, and
            PostgreSQL doesn't cancel long ones.
    Raises:
        BadDatabaseUrl: the URL can't be used for a store.
        SqliteTooOld: this Python's SQLite is too old.
    """
    place = database if isinstance(database, Place) else place_of(database)
    opened: Database = SqliteDatabase(place) if place.file else PostgresqlDatabase(place, pool_size, timeout, pooled)
    store = SqlStore(opened, clock, enqueuer or NoDurableWork(), background or Background())
    store.start()
    try:
        yield store
    finally:
        await store.close()
        await opened.close()
