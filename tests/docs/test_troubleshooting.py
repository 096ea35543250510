"""The statements for a restored backup run on a store of this version and list what could run again."""

import re
import sqlite3
from pathlib import Path

from bot.app.admin_commands import upgrade_store
from bot.core.requests.request import BEFORE_SENT, State
from tests.docs.pages import DOCS


async def test_the_statements_about_a_restored_backup_run(tmp_path: Path) -> None:
    text = (DOCS / "troubleshooting.md").read_text(encoding="utf-8")
    unsent, quarantined = re.findall(r"^ *```sql\n(.+?)^ *```$", text, re.MULTILINE | re.DOTALL)
    await upgrade_store(f"sqlite:///{tmp_path / 'store.db'}")

    with sqlite3.connect(tmp_path / "store.db") as store:
        assert store.execute(unsent).fetchall() == store.execute(quarantined).fetchall() == []
    assert set(re.findall(r"'(\w+)'", unsent)) == {state.value for state in BEFORE_SENT}
    assert re.findall(r"'(\w+)'", quarantined) == [State.QUARANTINED.value]
