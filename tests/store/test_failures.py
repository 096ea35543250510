"""An error of the database is reported by its kind, and never with the URL or the password."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from structlog.testing import capture_logs

from bot.app.store_start import prepare_store
from bot.core.ports import Clock
from bot.store.connections.database import StoreUnavailable
from bot.store.connections.failures import SENTENCES, Failure, failure_of
from bot.store.connections.server import require_usable
from bot.store.connections.urls import BadDatabaseUrl, place_of, places_of
from bot.store.schema.upgrading import require_current, upgrade
from bot.store.store import SqlStore, open_store
from tests.postgres import named
from tests.process import free_port
from tests.stores import copy_store

PASSWORD = "hunter2-canary"
ERRORS = {
    # test ID: (the kind, PostgreSQL's error code, PostgreSQL's message)
    "wrong password": (Failure.CREDENTIALS, "28P01", 'password authentication failed for user "u"'),
    "no such user": (Failure.CREDENTIALS, "28000", 'role "u" does not exist'),
    "no such database": (Failure.DATABASE, "3D000", 'database "d" does not exist'),
    "a role that has no free connection": (Failure.TOO_MANY, "53300", 'too many connections for role "u"'),
    "a server that has no free connection": (Failure.TOO_MANY, "53300", "sorry, too many clients already"),
    "the last connections are reserved": (
        Failure.TOO_MANY,
        "53300",
        "remaining connection slots are reserved for roles with the SUPERUSER attribute",
    ),
    "starting": (Failure.STARTING, "57P03", "the database system is starting up"),
    "stopping": (Failure.STARTING, "57P03", "the database system is shutting down"),
    "TLS is required": (
        Failure.TLS,
        "28000",
        'no pg_hba.conf entry for host "10.0.0.1", user "u", database "d", no encryption',
    ),
    "the address is not allowed": (
        Failure.NOT_ALLOWED,
        "28000",
        'no pg_hba.conf entry for host "10.0.0.1", user "u", database "d", SSL encryption',
    ),
}


@asynccontextmanager
async def refusing(answer: bytes) -> AsyncIterator[str]:
    """Run a server that answers each client's first message with an error, and yield the URL of a database there."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1000)
        writer.write(answer)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield f"postgresql://u:{PASSWORD}@127.0.0.1:{server.sockets[0].getsockname()[1]}/d?sslmode=disable"


def error_message(state: str, text: str) -> bytes:
    """Return an error in PostgreSQL's protocol. `state` is its code of five characters."""
    fields = f"SFATAL\0VFATAL\0C{state}\0M{text}\0\0".encode()
    return b"E" + (len(fields) + 4).to_bytes(4, "big") + fields


async def detail_of(url: str) -> str:
    """Assert that a store can't be used, and return the sentence for the log. It must not contain the password."""
    said = r"^The bot's own database didn't respond\. Try again in a moment\.$"
    with pytest.raises(StoreUnavailable, match=said) as raised:
        await require_usable(places_of(url, None))
    assert PASSWORD not in raised.value.detail
    return raised.value.detail


def sentence(kind: Failure) -> str:
    """Return the sentence about a kind of failure of the server in DATABASE_URL."""
    return SENTENCES[kind].format(setting="DATABASE_URL")


@pytest.mark.parametrize(("kind", "state", "text"), ERRORS.values(), ids=ERRORS)
async def test_each_error_of_the_server_is_reported_with_the_sentence_of_its_kind(
    kind: Failure, state: str, text: str
) -> None:
    async with refusing(error_message(state, text)) as url:
        assert await detail_of(url) == sentence(kind)


@pytest.mark.parametrize(
    ("answer", "query"),
    [(b"N", "sslmode=require"), (b"S", "sslmode=verify-full&sslrootcert=/nowhere/root.crt")],
    ids=["the server has no TLS", "the root certificate is missing"],
)
async def test_a_failed_tls_connection_is_reported_as_a_tls_error(answer: bytes, query: str) -> None:
    async with refusing(answer) as url:
        assert await detail_of(url.replace("sslmode=disable", query)) == sentence(Failure.TLS)


async def test_a_port_without_a_server_and_an_unknown_host_are_distinguished() -> None:
    assert await detail_of(f"postgresql://u:{PASSWORD}@127.0.0.1:{free_port()}/d") == sentence(Failure.REFUSED)
    assert await detail_of(f"postgresql://u:{PASSWORD}@nowhere.invalid/d") == sentence(Failure.HOST)


@pytest.mark.parametrize("query", ["service=nowhere", "connect_timeout=soon", "target_session_attrs=any%20at%20all"])
async def test_an_invalid_value_of_an_option_is_reported(query: str) -> None:
    assert await detail_of(f"postgresql://u:{PASSWORD}@127.0.0.1:{free_port()}/d?{query}") == sentence(Failure.OPTION)


async def test_the_error_names_a_search_path_without_a_schema(postgresql_url: str) -> None:
    with pytest.raises(StoreUnavailable) as raised:
        await upgrade(f"{postgresql_url}&options=-c%20search_path%3Dnowhere")
    assert raised.value.detail == sentence(Failure.SCHEMA)


async def test_an_encoding_of_the_environment_is_not_used(
    upgraded_postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGCLIENTENCODING", "SQL_ASCII")
    await require_usable(places_of(upgraded_postgresql_url, None))
    await require_current(upgraded_postgresql_url)


async def test_the_error_about_a_missing_database_names_the_setting(postgres_server: str) -> None:
    url = named(postgres_server, "missing")

    assert await detail_of(url) == sentence(Failure.DATABASE)
    with pytest.raises(StoreUnavailable) as raised:
        await require_usable(places_of(postgres_server, url))
    assert "DATABASE_DIRECT_URL" in raised.value.detail


async def test_a_server_without_write_access_is_called_read_only(upgraded_postgresql_url: str, clock: Clock) -> None:
    url = f"{upgraded_postgresql_url}&options=-c%20default_transaction_read_only=on"

    async with open_store(url, clock) as store:
        assert await store.trouble() == sentence(Failure.READ_ONLY)


async def test_a_file_without_write_access_is_called_read_only(tmp_path: Path, clock: Clock) -> None:
    url = copy_store(tmp_path / "turso-ops.db")
    async with open_store(url, clock) as store:
        await store.database.write(lambda connection: connection.exec_driver_sql("PRAGMA query_only=ON"))
        assert await store.trouble() == sentence(Failure.READ_ONLY)


def test_a_full_disk_is_reported(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "full.db")) as full:
        full.execute("PRAGMA max_page_count=1")
        with pytest.raises(sqlite3.OperationalError) as raised:
            full.execute("CREATE TABLE much (text)")

    assert failure_of(raised.value) is Failure.DISK_FULL
    assert failure_of(psycopg.errors.DiskFull("could not extend file: No space left on device")) is Failure.DISK_FULL


async def test_a_faulty_statement_is_a_bug_and_not_an_outage(store: SqlStore) -> None:
    for work in (store.database.read, store.database.write):
        with pytest.raises(DBAPIError, match="nowhere"):
            await work(lambda connection: connection.execute(text("SELECT 1 FROM nowhere")))


def test_the_address_of_a_store_has_neither_user_nor_password() -> None:
    assert place_of(f"postgresql://u:{PASSWORD}@h:5433/d?sslmode=require").address == "postgresql://h/d"


WRONG = {
    # test ID: (the URL, a pattern of the error)
    "an option of other drivers": (f"postgresql://u:{PASSWORD}@h/d?pgbouncer=true", "`pgbouncer`.*DATABASE_DIRECT_URL"),
    "TLS as other drivers write it": (f"postgresql://u:{PASSWORD}@h/d?ssl=require", "`ssl`.*sslmode=require"),
    "an encoding": (f"postgresql://u:{PASSWORD}@h/d?client_encoding=latin1", "`client_encoding`.*UTF-8"),
    "an unknown TLS mode": (f"postgresql://u:{PASSWORD}@h/d?sslmode=true", "unknown `sslmode`"),
    "an option that may be a secret": (f"postgresql://u:p?{PASSWORD}=1&x@h/d?{PASSWORD}-x=1", "`…`"),
    "a password with an @": (f"postgresql://u:{PASSWORD}@x@h/d", "special character in its password"),
    "a password with @ and /": (f"postgresql://u:a@{PASSWORD}/b@h/d", "special character in its password"),
    "a password with @ and :": (f"postgresql://u:a@b:{PASSWORD}@h/d", "special character in its password"),
    "a password with @ and ?": (f"postgresql://u:a@b?{PASSWORD}@h/d", "special character in its password"),
    "a password with @, ? and =": (f"postgresql://u:a@b?{PASSWORD}=1@h/d", "special character in its password"),
    "a user with a /": (f"postgresql://u/x:{PASSWORD}@h/d", "special character in its password"),
    "no database": (f"postgresql://u:{PASSWORD}@h", "names no database"),
    "an invalid port": (f"postgresql://u:{PASSWORD}@h:70000/d", "has a port that isn't a number from 1 to 65535"),
    "a port that is a word": (f"postgresql://u:{PASSWORD}@h:abc/d", "has a port that isn't a number"),
    "a port with a letter": (f"postgresql://u:{PASSWORD}@h:54x2/d", "has a port that isn't a number"),
    "a port of an IPv6 address": (f"postgresql://u:{PASSWORD}@[::1]:abc/d", "has a port that isn't a number"),
    "a password without a host": (f"postgresql://u:{PASSWORD}", "has a port that isn't a number"),
    "a port that is a word, and another scheme": (f"mysql://u:{PASSWORD}@h:abc/d", "must begin with"),
    "a port of the second host": (f"postgresql://u:{PASSWORD}@one:5432,two:0/d", "has a port"),
    "a port among the options": (f"postgresql://u:{PASSWORD}@/d?host=h&port=5432,x", "has a port"),
    "an option of SQLite": ("sqlite:///x.db?mode=ro", "has options, which a SQLite store doesn't take"),
    "two slashes": ("sqlite://data/x.db", "two slashes"),
    "two slashes and a colon": ("sqlite://C:data/x.db", "two slashes"),
    "two slashes and a user": (f"sqlite://u:{PASSWORD}@data/x.db", "two slashes"),
}


@pytest.mark.parametrize(("url", "says"), WRONG.values(), ids=WRONG)
def test_the_error_names_a_wrong_part_of_the_url(url: str, says: str) -> None:
    with pytest.raises(BadDatabaseUrl, match=f"^DATABASE_URL .*{says}") as raised:
        place_of(url)

    assert PASSWORD not in str(raised.value)


def test_a_url_with_several_hosts_is_accepted() -> None:
    place = place_of(f"postgresql://u:{PASSWORD}@one:5432,two:5433/d?target_session_attrs=read-write")

    assert place.for_psycopg == {
        "host": "one,two",
        "port": "5432,5433",
        "user": "u",
        "password": PASSWORD,
        "dbname": "d",
        "target_session_attrs": "read-write",
        "client_encoding": "utf8",
    }


@pytest.mark.parametrize("end", ["a%40b", "d?application_name=a@b", "d?passfile=/run/a@b/pass"])
def test_an_at_sign_after_the_host_is_accepted_where_it_has_a_meaning(end: str) -> None:
    assert place_of(f"postgresql://u:p%40{PASSWORD}@h/{end}").for_psycopg["password"] == f"p@{PASSWORD}"


def test_a_direct_address_is_refused_unless_the_store_is_postgresql() -> None:
    with pytest.raises(BadDatabaseUrl, match="DATABASE_DIRECT_URL is for PostgreSQL"):
        places_of("sqlite:///x.db", "postgresql://u@h/d")


async def test_a_start_waits_for_the_store_and_logs_why() -> None:
    places = places_of(f"postgresql://u@127.0.0.1:{free_port()}/d", None)
    began = time.monotonic()

    with capture_logs() as logged, pytest.raises(StoreUnavailable):
        await prepare_store(places, upgrades=True, within=1.2)

    assert time.monotonic() - began >= 1.2
    waiting = [one["why"] for one in logged if one["event"] == "store.waiting"]
    assert waiting == [sentence(Failure.REFUSED)], "logged at most once in five seconds"
