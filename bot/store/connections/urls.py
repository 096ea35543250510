"""The forms of `DATABASE_URL` that people write, and the URLs that each driver expects."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from bot.errors import BotError
from bot.store.connections.sqlite import DRIVER, register_driver

SQLITE = ("sqlite", "sqlite3", "sqlite+aiosqlite", "sqlite+pysqlite")
POSTGRESQL = (
    "postgres",
    "postgresql",
    "postgresql+psycopg",
    "postgresql+psycopg2",
    "postgresql+psycopg_async",
    "postgresql+asyncpg",
)


class BadDatabaseUrl(BotError):
    """Raised for a `DATABASE_URL` that can't be the store. The sentence never contains the URL."""


@dataclass(frozen=True, slots=True)
class Place:
    """The place of a database, with its URL in one normal form."""

    url: URL
    """The URL for drivers that block: `sqlite+turso_ops://…` with an absolute path, or `postgresql+psycopg://…`."""
    file: Path | None
    """The SQLite file. None for PostgreSQL."""

    @property
    def for_dbos(self) -> str:
        """Return the URL for DBOS. It contains the password, so never log it."""
        return self.url.render_as_string(hide_password=False)

    def beside(self, name: str) -> Path:
        """Return the path of a file beside a SQLite database, such as a lock."""
        if self.file is None:
            raise ValueError("only a SQLite database has files beside it")
        return self.file.with_name(f"{self.file.name}.{name}")


def place_of(database_url: str) -> Place:
    """Parse a `DATABASE_URL`. Touches nothing on disk.

    Raises:
        BadDatabaseUrl: it is neither SQLite nor PostgreSQL, or is a SQLite database without a file.
    """
    if database_url.startswith("postgres:"):
        database_url = database_url.replace("postgres:", "postgresql:", 1)
    try:
        url = make_url(database_url)
    except (ArgumentError, ValueError):
        raise BadDatabaseUrl("DATABASE_URL is not a URL, such as `sqlite:///./data/turso-ops.db`.") from None
    if url.drivername in POSTGRESQL:
        return Place(url.set(drivername="postgresql+psycopg"), None)
    if url.drivername not in SQLITE:
        raise BadDatabaseUrl("DATABASE_URL must begin with `sqlite:///` or `postgresql://`.")
    if not url.database or url.database.startswith((":memory:", "file:")):
        raise BadDatabaseUrl("DATABASE_URL must name a SQLite file: what is kept in memory does not survive a crash.")
    file = Path(url.database).absolute()
    register_driver()
    return Place(URL.create(DRIVER, database=str(file)), file)
