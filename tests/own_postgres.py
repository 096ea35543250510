"""A PostgreSQL for one test, which the test may stop, pause and start again."""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from tests.postgres import SETTINGS, pgserver
from tests.stores import upgraded


class Server:
    """A PostgreSQL server that listens only on a socket file."""

    def __init__(self, folder: Path) -> None:
        self._data = folder / "data"
        self._server = pgserver.get_server(self._data, cleanup_mode="stop", start=False)
        self._server.ensure_pgdata_inited()
        with (self._data / "postgresql.conf").open("a") as configuration:
            configuration.write(SETTINGS)
        self._server.start()
        self.url = str(self._server.get_uri())

    def stop(self) -> None:
        """End every connection and stop the server, like a restart by the operating system."""
        os.kill(self._pid, signal.SIGINT)

    def has_stopped(self) -> bool:
        return not (self._data / "postmaster.pid").exists()

    def start(self) -> None:
        self._server.start()

    def pause(self) -> None:
        """Make the server and each of its processes stop answering, without ending a connection."""
        for process in self._processes():
            process.suspend()

    def resume(self) -> None:
        """Continue after `pause`."""
        for process in self._processes():
            process.resume()

    def close(self) -> None:
        self._server.cleanup()

    @property
    def _pid(self) -> int:
        return int((self._data / "postmaster.pid").read_text().splitlines()[0])

    def _processes(self) -> list[psutil.Process]:
        server = psutil.Process(self._pid)
        return [server, *server.children(recursive=True)]


@contextmanager
def own_server() -> Iterator[Server]:
    """Yield a running server with a store of this version."""
    # not in pytest's own folder, which the server can't read if it runs as another user
    folder = Path(tempfile.mkdtemp(prefix="turso-ops-pg-own-"))
    folder.chmod(0o755)
    found = Server(folder)
    upgraded(found.url)
    try:
        yield found
    finally:
        found.close()
        shutil.rmtree(folder, ignore_errors=True)
