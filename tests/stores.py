"""Creates SQLite stores quickly, as copies of one store. For tests that aren't about the migrations."""

import asyncio
import functools
import tempfile
import threading
from pathlib import Path

from bot.store.schema.upgrading import upgrade

PRIVATE_FILE = 0o600


def copy_store(path: Path) -> str:
    """Create a SQLite store with all tables and no rows, unless it exists, and return its `DATABASE_URL`."""
    if not path.exists():
        path.touch(PRIVATE_FILE)
        path.write_bytes(_store())
    return f"sqlite:///{path.absolute()}"


@functools.cache
def _store() -> bytes:
    with tempfile.TemporaryDirectory(prefix="turso-ops-store-") as folder:
        path = Path(folder) / "turso-ops.db"
        upgraded(f"sqlite:///{path}")
        assert [one.name for one in path.parent.glob("*-wal")] == [], "all rows are in the file itself"
        return path.read_bytes()


def upgraded(database_url: str) -> None:
    """Run the migrations in a thread of their own, because an event loop may be running in this one."""
    thread = threading.Thread(target=lambda: asyncio.run(upgrade(database_url)))
    thread.start()
    thread.join()
