"""A PostgreSQL that is unsuitable for the store is refused with a sentence that says what to do."""

import asyncio
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import text

from bot.app.store_start import prepare_store
from bot.core.ports import Clock
from bot.store.connections import server
from bot.store.connections.server import UnusableServer, require_usable
from bot.store.connections.urls import places_of
from bot.store.store import open_store
from tests.poolers import HAS_PGBOUNCER, pgbouncer, transaction_pooler
from tests.postgres import named
from tests.store.samples import incoming

needs_pgbouncer = pytest.mark.skipif(not HAS_PGBOUNCER, reason="PgBouncer is not on this machine")
POOLERS = ["stand-in", pytest.param("PgBouncer", marks=needs_pgbouncer)]


@pytest.mark.parametrize("kind", POOLERS)
async def test_the_error_about_a_transaction_pooler_says_what_to_do(
    kind: str, upgraded_postgresql_url: str, tmp_path: Path
) -> None:
    async with transaction_pooler(kind, upgraded_postgresql_url, tmp_path) as pooled:
        with pytest.raises(
            UnusableServer, match=r"^DATABASE_URL goes through a transaction pooler.*DATABASE_DIRECT_URL"
        ):
            await require_usable(places_of(pooled, None))
        with pytest.raises(UnusableServer, match=r"^DATABASE_DIRECT_URL goes through a transaction pooler"):
            await require_usable(places_of(pooled, pooled))


@pytest.mark.parametrize("kind", POOLERS)
async def test_a_busy_transaction_pooler_is_refused_too(
    kind: str, upgraded_postgresql_url: str, tmp_path: Path
) -> None:
    async def busy(url: str) -> None:
        async with await psycopg.AsyncConnection.connect(url, autocommit=True, prepare_threshold=None) as connection:
            while True:
                await connection.execute("SELECT pg_sleep(0.002)")

    async with transaction_pooler(kind, upgraded_postgresql_url, tmp_path) as pooled:
        others = [asyncio.create_task(busy(pooled)) for _ in range(2)]
        try:
            with pytest.raises(UnusableServer):
                await require_usable(places_of(pooled, None))
        finally:
            for one in others:
                one.cancel()
            await asyncio.gather(*others, return_exceptions=True)


@pytest.mark.parametrize("kind", POOLERS)
async def test_requests_may_use_a_transaction_pooler_if_there_is_a_direct_address(
    kind: str, upgraded_postgresql_url: str, tmp_path: Path, clock: Clock
) -> None:
    async with transaction_pooler(kind, upgraded_postgresql_url, tmp_path) as pooled:
        places = places_of(pooled, upgraded_postgresql_url)
        await prepare_store(places, upgrades=True)
        async with open_store(pooled, clock, pool_size=4, pooled=places.is_pooled) as store:
            await asyncio.gather(*(store.intents.record(incoming(number)) for number in range(40)))
            found = await asyncio.gather(*(store.intents.get(incoming(number).id) for number in range(40)))

    assert [one and one.id for one in found] == [incoming(number).id for number in range(40)]


@needs_pgbouncer
async def test_a_session_pooler_is_accepted(upgraded_postgresql_url: str, tmp_path: Path) -> None:
    async with pgbouncer(upgraded_postgresql_url, tmp_path, "session") as pooled:
        await require_usable(places_of(pooled, None))


async def test_a_direct_address_of_another_database_is_refused(
    upgraded_postgresql_url: str, postgres_server: str
) -> None:
    other = named(postgres_server, "postgres")

    with pytest.raises(UnusableServer, match=r"two different databases"):
        await require_usable(places_of(upgraded_postgresql_url, other))


async def test_an_old_server_is_refused(upgraded_postgresql_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "OLDEST", 99)

    with pytest.raises(UnusableServer, match=r"^The store needs PostgreSQL 99 or newer, and this is \d+\.$"):
        await require_usable(places_of(upgraded_postgresql_url, None))


async def test_a_process_opens_no_more_connections_than_its_settings_allow(
    upgraded_postgresql_url: str, clock: Clock
) -> None:
    def sleep(connection: Any) -> None:
        connection.execute(text("SELECT pg_sleep(0.05)"))

    async with open_store(upgraded_postgresql_url, clock, pool_size=3) as store:
        await asyncio.gather(*(store.database.read(sleep) for _ in range(12)))
        with psycopg.connect(upgraded_postgresql_url) as admin:
            row = admin.execute(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE application_name = 'turso-ops' AND datname = current_database()"
            ).fetchone()

    assert row == (3,)


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
async def test_a_database_that_cannot_keep_every_text_is_refused(encoding: str, postgres_server: str) -> None:
    name = f"not_utf8_{encoding.lower()}"
    with psycopg.connect(postgres_server, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
    try:
        with pytest.raises(UnusableServer, match=f"^The store's database has the encoding {encoding}, "):
            await prepare_store(places_of(named(postgres_server, name), None), upgrades=True)
    finally:
        with psycopg.connect(postgres_server, autocommit=True) as admin:
            admin.execute(f"DROP DATABASE {name}")
