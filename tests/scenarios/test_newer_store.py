"""A version of the bot that is older than its store says so in one sentence, and changes nothing."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.scenarios.shell import run
from tests.scenarios.test_settings import GIVEN
from tests.stores import copy_store

SENTENCE = "turso-ops: A newer version of Turso Ops created this store. Start that version."
NOT_STARTED = ("serve", "serve --no-upgrade", "socket", "worker", "audit verify", "audit export", "db after-restore")
FAILED = ("doctor", "db upgrade")
STATUSES = {**dict.fromkeys(NOT_STARTED, 2), **dict.fromkeys(FAILED, 1)}


def content(file: Path) -> list[str]:
    """Return all tables and rows of a store, including those that are still in its write-ahead log."""
    with closing(sqlite3.connect(file)) as store:
        return list(store.iterdump())


@pytest.mark.parametrize("command", STATUSES)
async def test_an_older_version_says_that_the_store_is_newer(tmp_path: Path, command: str) -> None:
    file = tmp_path / "turso-ops.db"
    url = copy_store(file)
    with closing(sqlite3.connect(file)) as store, store:
        store.execute("UPDATE alembic_version SET version_num = '9999'")
    before = content(file)

    ran = await run(*command.split(), folder=tmp_path, env=GIVEN | {"DATABASE_URL": url, "PORT": "0"})

    errors = [line for line in ran.err.splitlines() if not line.startswith("{")]
    assert (errors, ran.status) == ([SENTENCE], STATUSES[command])
    assert content(file) == before
