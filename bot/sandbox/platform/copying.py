"""Consistent copies of database files that may be in use."""

from contextlib import closing
from pathlib import Path

import apsw


def copy_database(source: Path, target: Path) -> None:
    """Copy with SQLite's backup, so that the copy is consistent. A source without a file counts as empty."""
    if not source.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (
        closing(apsw.Connection(str(source))) as origin,
        closing(apsw.Connection(str(target))) as copy,
        copy.backup("main", origin, "main") as backup,
    ):
        backup.step()
