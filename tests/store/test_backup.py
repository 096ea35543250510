"""A backup is a verified copy, even if others write meanwhile. If it can't be verified, there is no backup."""

import asyncio
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from bot.__main__ import main
from bot.app.admin_commands import after_restore
from bot.app.clock import SystemClock
from bot.settings import load_settings
from bot.store.backup import LogOfAnotherStore, NoBackup, back_up, require_own_log
from bot.store.store import open_store
from tests.settings.test_values import GIVEN
from tests.store.samples import entry
from tests.stores import copy_store


@pytest.fixture
def url(tmp_path: Path) -> str:
    """Return the URL of a store without entries."""
    return copy_store(tmp_path / "store.db")


async def write(url: str, count: int) -> None:
    """Write audit entries to a store, each in its own commit."""
    async with open_store(url, SystemClock()) as store:
        for _ in range(count):
            await store.audit.append(entry())


async def test_a_backup_made_during_writes_is_valid_and_can_be_opened(url: str, tmp_path: Path) -> None:
    await write(url, 5)
    writes = asyncio.create_task(write(url, 200))
    found = [await back_up(url, tmp_path / f"backup-{at}.db") for at in range(5)]
    await writes

    entries = [one.entries for one in found]
    assert 5 <= entries[0] < entries[-1] <= 205, "others wrote during the backups"
    assert all(one.fault is None for one in found)
    copy = tmp_path / "backup-4.db"
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    async with open_store(f"sqlite:///{copy}", SystemClock()) as store:
        assert await store.audit.head() == (found[4].entries, found[4].head)


async def test_a_store_with_an_edited_audit_log_is_not_backed_up(url: str, tmp_path: Path) -> None:
    await write(url, 3)
    with closing(sqlite3.connect(tmp_path / "store.db")) as store, store:
        store.execute("UPDATE audit_log SET entry = replace(entry, 'freeze', 'thaw') WHERE seq = 2")

    with pytest.raises(NoBackup, match=r"^No backup was made, .*failed verification .*: entry 2: its text was edited"):
        await back_up(url, tmp_path / "backup.db")
    assert not list(tmp_path.glob("backup*"))


async def test_a_file_that_is_not_a_database_cannot_be_backed_up(tmp_path: Path) -> None:
    (tmp_path / "store.db").write_text("no database, but some text that is long enough to be one" * 20)
    with pytest.raises(NoBackup, match=r"^The backup failed \(file is not a database\)\.$"):
        await back_up(f"sqlite:///{tmp_path}/store.db", tmp_path / "backup.db")
    assert not list(tmp_path.glob("backup*"))


def test_db_backup_says_what_it_created_and_overwrites_nothing(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    target = tmp_path / "backup.db"

    assert main(["db", "backup", str(target)]) == 0
    assert f"`{target}` is a verified backup: 0 audit entries" in capsys.readouterr().out
    before = target.read_bytes()
    assert main(["db", "backup", str(target)]) == 1
    assert capsys.readouterr().err == f"turso-ops: `{target}` already exists. Name a new file.\n"
    assert target.read_bytes() == before
    assert main(["db", "backup", str(tmp_path / "missing" / "backup.db")]) == 1
    assert "can't be written (No such file or directory)" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("url", "sentence"),
    [("postgresql://bot:hunter2@db/bot", "use `pg_dump"), ("sqlite:////nowhere/store.db", "There is no store")],
    ids=["PostgreSQL", "a missing file"],
)
def test_the_error_says_why_a_store_cannot_be_backed_up(
    url: str, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    assert main(["db", "backup", str(tmp_path / "backup.db")]) == 1
    text = capsys.readouterr().err
    assert sentence in text
    assert "hunter2" not in text


async def test_a_backup_that_cannot_be_moved_into_place_leaves_nothing(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def replace(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", replace)
    with pytest.raises(NoBackup, match="No space left"):
        await back_up(url, tmp_path / "backup.db")

    assert list(tmp_path.glob("backup*")) == []


async def test_a_backup_can_be_made_in_a_folder_without_hard_links(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many network shares and USB drives have no hard links."""

    def link(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("os.link", link)

    await back_up(url, tmp_path / "backup.db")

    assert [one.name for one in tmp_path.glob("backup*")] == ["backup.db"]
    assert stat.S_IMODE((tmp_path / "backup.db").stat().st_mode) == 0o600


async def test_a_restored_backup_with_the_log_of_the_replaced_store_is_refused(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy, log = tmp_path / "backup.db", tmp_path / "backup.db-wal"
    await back_up(url, copy)
    log.write_bytes(b"pages of the replaced store")
    before = copy.read_bytes()
    for name, value in (GIVEN | {"DATABASE_URL": f"sqlite:///{copy}"}).items():
        monkeypatch.setenv(name, value)

    with pytest.raises(LogOfAnotherStore, match=r"backup\.db-wal` belongs to the store that the backup replaced"):
        await after_restore(load_settings())

    assert (copy.read_bytes(), log.exists()) == (before, True)
    log.unlink()
    require_own_log(f"sqlite:///{copy}")


async def test_the_log_of_a_store_in_use_is_its_own(url: str, tmp_path: Path) -> None:
    async with open_store(url, SystemClock()) as store:
        await store.audit.append(entry())
        assert (tmp_path / "store.db-wal").stat().st_size
        require_own_log(url)
