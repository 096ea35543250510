"""Copies of database files, taken while others may write to them."""

from contextlib import closing
from pathlib import Path

import apsw


def copy_database(source: Path, target: Path) -> None:
    """Copy through SQLite's backup, so that the copy is one moment of the source; a source without file is empty."""
    if not source.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (
        closing(apsw.Connection(str(source))) as origin,
        closing(apsw.Connection(str(target))) as copy,
        copy.backup("main", origin, "main") as backup,
    ):
        backup.step()
