"""The audit log can be read in a file without write access: a backup on a read-only volume, or another user's store."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from bot.store.backup import back_up
from bot.store.connections.urls import place_of
from bot.store.store import open_store
from tests.forked import shared_fork_server
from tests.store import unprivileged
from tests.store.conftest import StoppedClock
from tests.store.samples import entry
from tests.stores import copy_store

ENTRIES = 5


@pytest.fixture
def folder() -> Iterator[Path]:
    """Yield a folder that every user may read, because only the owner may read pytest's folders."""
    made = Path(tempfile.mkdtemp(prefix="turso-ops-readable-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@pytest.fixture
def url(folder: Path) -> str:
    """Return the URL of a store without entries."""
    (folder / "live").mkdir()
    return copy_store(folder / "live" / "turso-ops.db")


async def fill(url: str) -> None:
    """Write audit entries, which contain the ticket OPS-7."""
    async with open_store(url, StoppedClock()) as store:
        for _ in range(ENTRIES):
            await store.audit.append(entry())


def protect(file: Path) -> None:
    """Remove everybody's write access, except root's, to a file, its folder and the other files there."""
    for one in file.parent.iterdir():
        one.chmod(0o444)
    file.parent.chmod(0o555)


async def run(folder: Path, file: Path, *words: str) -> tuple[int, str, str]:
    """Run a command on a store as a user without write access. Return its exit status, output and errors."""
    out, err = folder / "out", folder / "err"
    out.unlink(missing_ok=True)
    err.unlink(missing_ok=True)
    environment = {"PATH": os.environ["PATH"], "DATABASE_URL": f"sqlite:///{file}"}
    fork = partial(shared_fork_server().fork, *words, environment=environment, cwd=folder, out=out, err=err,
                   module=unprivileged.__name__)  # fmt: skip
    child = await asyncio.to_thread(fork)
    return await child.ended(), out.read_text(), err.read_text()


@pytest.mark.parametrize("kind", ["a backup", "a copy of the file"])
async def test_a_copy_without_write_access_is_verified_and_exported(folder: Path, url: str, kind: str) -> None:
    await fill(url)
    (folder / "copy").mkdir()
    copy = folder / "copy" / "back up.db"
    if kind == "a backup":
        await back_up(url, copy)
    else:
        shutil.copy(str(place_of(url).file), copy)
    protect(copy)
    before = sorted(copy.parent.iterdir())

    status, out, err = await run(folder, copy, "audit", "verify")
    exported = await run(folder, copy, "audit", "export")

    assert (status, err) == (0, "")
    assert f"The audit log is intact: {ENTRIES} entries" in out
    assert (exported[0], exported[1].count("\n")) == (0, ENTRIES)
    assert sorted(copy.parent.iterdir()) == before


async def test_the_store_of_a_running_bot_is_verified_with_entries_that_are_only_in_its_wal(
    folder: Path, url: str
) -> None:
    async with open_store(url, StoppedClock()) as store:
        for _ in range(ENTRIES):
            await store.audit.append(entry())
        file = place_of(url).file
        assert file is not None
        assert b"OPS-7" not in file.read_bytes()
        protect(file)

        status, out, err = await run(folder, file, "audit", "verify")

    assert (status, err) == (0, "")
    assert f"The audit log is intact: {ENTRIES} entries" in out


async def test_an_edit_in_a_copy_without_write_access_is_found(folder: Path, url: str) -> None:
    await fill(url)
    file = place_of(url).file
    assert file is not None
    content = file.read_bytes()
    assert b"OPS-7" in content
    file.write_bytes(content.replace(b"OPS-7", b"OPS-8"))
    protect(file)

    status, out, err = await run(folder, file, "audit", "verify")

    assert (status, err) == (1, "")
    assert "The audit log failed verification (altered or damaged): entry 1: its text was edited" in out
