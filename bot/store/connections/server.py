"""Check a PostgreSQL server before the bot uses it: version, encoding, no transaction pooler, and only one database."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from bot.errors import BotError
from bot.store.connections.database import StoreUnavailable
from bot.store.connections.failures import describe_failure
from bot.store.connections.urls import DIRECT_SETTING, Place, Places

if TYPE_CHECKING:
    from psycopg import AsyncConnection

OLDEST: Final = 13
"""The first version with `pg_current_xact_id_if_assigned` and `xid8`, which show whether a transaction committed."""
ENCODING: Final = "UTF8"
ROUNDS: Final = 5
"""How often sessions are compared.

A busy pooler may give two connections separate sessions, but hardly this many times in a row.
"""
CONNECT_SECONDS: Final = 5
_DATABASE: Final = (
    "SELECT pg_postmaster_start_time(), oid FROM pg_catalog.pg_database WHERE datname = current_database()"
)


class UnusableServer(BotError):
    """Raised for a PostgreSQL server that responds but can't be used as the store.

    The message says why and what to do.
    """


async def require_usable(places: Places) -> None:
    """Raise an error unless the store's server can be used. Changes nothing. SQLite can always be used.

    Raises:
        StoreUnavailable: the server can't be reached, or refuses the connection. `detail` says why.
        UnusableServer: the server is too old or is behind a transaction pooler, its encoding isn't UTF-8, or the
            settings name two databases.
    """
    if places.direct.file:
        return
    async with _connected(places.direct) as one:
        if (version := one.info.server_version // 10000) < OLDEST:
            raise UnusableServer(f"The store needs PostgreSQL {OLDEST} or newer, and this is {version}.")
        if (encoding := one.info.parameter_status("server_encoding")) not in (ENCODING, None):
            raise UnusableServer(
                f"The store's database has the encoding {encoding}, which can't store every text. Create one with "
                f"`CREATE DATABASE … ENCODING '{ENCODING}' TEMPLATE template0`."
            )
        async with _connected(places.direct) as other:
            if await _share_sessions(one, other):
                raise UnusableServer(_pooled(places.direct))
        if places.is_pooled:
            async with _connected(places.requests) as third:
                if await _database_of(one) != await _database_of(third):
                    raise UnusableServer(
                        f"{places.requests.setting} and {DIRECT_SETTING} lead to two different databases. "
                        "Both must name the same database on the same server."
                    )


def _pooled(place: Place) -> str:
    if place.setting == DIRECT_SETTING:
        return f"{DIRECT_SETTING} goes through a transaction pooler. Give it an address that goes to PostgreSQL itself."
    return (
        f"{place.setting} goes through a transaction pooler, which breaks the locks that keep work from running twice. "
        f"Set {DIRECT_SETTING} to an address without the pooler, or use session pooling."
    )


async def _share_sessions(one: "AsyncConnection", other: "AsyncConnection") -> bool:
    """Return True if a connection's session changes, or if two connections have the same session.

    Each statement is its own transaction, so that this also works if a pooler has only one connection to the server.
    """
    first: set[int] = set()
    second: set[int] = set()
    for _ in range(ROUNDS):
        first.add(await _session_of(one))
        second.add(await _session_of(other))
    return len(first) > 1 or len(second) > 1 or not first.isdisjoint(second)


async def _session_of(connection: "AsyncConnection") -> int:
    row = await (await connection.execute("SELECT pg_backend_pid()")).fetchone()
    assert row is not None
    return int(row[0])


async def _database_of(connection: "AsyncConnection") -> object:
    return await (await connection.execute(_DATABASE)).fetchone()


@asynccontextmanager
async def _connected(place: Place) -> AsyncIterator["AsyncConnection"]:
    """Yield a connection. Raises StoreUnavailable for its errors, including those in the caller's block."""
    import psycopg

    arguments = {"connect_timeout": CONNECT_SECONDS, **place.for_psycopg}
    try:
        async with await psycopg.AsyncConnection.connect(
            **arguments, autocommit=True, prepare_threshold=None
        ) as connection:
            yield connection
    except psycopg.Error as error:
        raise StoreUnavailable(describe_failure(error, place.setting)) from None
