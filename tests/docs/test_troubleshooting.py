"""The statement that lists what could run again works on a store of this version."""

import re
import sqlite3
from pathlib import Path

from bot.app.admin_commands import upgrade_store
from bot.core.requests.request import BEFORE_SENT
from tests.docs.pages import DOCS


async def test_the_statement_about_a_restored_backup_runs(tmp_path: Path) -> None:
    text = (DOCS / "troubleshooting.md").read_text(encoding="utf-8")
    (statement,) = re.findall(r'^sqlite3 \S+ "(SELECT .+)"$', text, re.MULTILINE)
    await upgrade_store(f"sqlite:///{tmp_path / 'store.db'}")

    with sqlite3.connect(tmp_path / "store.db") as store:
        assert store.execute(statement).fetchall() == []
    assert set(re.findall(r"'(\w+)'", statement)) == {state.value for state in BEFORE_SENT}
