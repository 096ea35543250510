"""Old versions of SQLite, such as that of Debian 12, and stores that were created on another version of Python."""

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from bot.__main__ import main
from bot.store.connections import sqlite
from bot.store.connections.sqlite import SqliteTooOld
from bot.store.connections.urls import place_of
from bot.store.schema.upgrading import require_current, upgrade
from bot.store.store import SqlStore
from tests.durable.conftest import Processes, approved, wait_until_ended

DEFAULTS = ("(strftime('%s','now') * 1000)", "(unixepoch('subsec') * 1000)")
"""The defaults with which DBOS creates its tables: before Python 3.12, and since."""
SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@SQLITE
@pytest.mark.parametrize("default", DEFAULTS, ids=["Python 3.11", "Python 3.12"])
async def test_a_store_that_another_python_version_created_is_usable(
    store: SqlStore, processes: Processes, default: str
) -> None:
    change_defaults(Path(processes.database_url.removeprefix("sqlite:///")), default)
    await approved(store)

    await processes.start()

    await wait_until_ended(store, "r-0000000001")


@pytest.mark.parametrize("since", [sqlite.HAS_SUBSECONDS, (99,)], ids=["this SQLite", "a SQLite without subseconds"])
def test_every_connection_returns_the_time_in_fractions_of_a_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, since: tuple[int, ...]
) -> None:
    """For the second case, the bot adds its own function, which replaces the one of this SQLite, if it has one."""
    monkeypatch.setattr(sqlite, "HAS_SUBSECONDS", since)
    engine = create_engine(place_of(f"sqlite:///{tmp_path}/x.db").url)
    with engine.connect() as connection:
        time, seconds = connection.exec_driver_sql("SELECT unixepoch('subsec'), strftime('%s', 'now')").one()
    engine.dispose()

    assert isinstance(time, float)
    assert abs(time - int(seconds)) < 2


async def test_a_sqlite_that_is_too_old_is_refused_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path}/data/turso-ops.db"
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 37, 2))
    monkeypatch.setattr(sqlite3, "sqlite_version", "3.37.2")

    with pytest.raises(SqliteTooOld, match=r"SQLite 3\.37\.2, and the store needs 3\.40 or newer"):
        await upgrade(url)

    assert list(tmp_path.iterdir()) == []
    (tmp_path / "old.db").touch()
    with pytest.raises(SqliteTooOld):
        await require_current(f"sqlite:///{tmp_path}/old.db")
    assert (tmp_path / "old.db").read_bytes() == b""


def test_the_command_line_answers_an_old_sqlite_with_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/x.db")
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 37, 2))

    assert main(["db", "upgrade"]) != 0

    printed = capsys.readouterr()
    assert printed.err.startswith("turso-ops: This Python has SQLite ")
    assert printed.err.count("\n") == 1


def change_defaults(file: Path, default: str) -> None:
    """Change the default of DBOS's columns, as if it had created its tables on another version of Python."""
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        for other in DEFAULTS:
            connection.execute("UPDATE sqlite_master SET sql = replace(sql, ?, ?)", (other, default))
        connection.execute("PRAGMA writable_schema = RESET")
        count = connection.execute("SELECT sum(instr(sql, ?) > 0) FROM sqlite_master", (default,)).fetchone()[0]
    connection.close()
    assert count >= 5
