"""`usage` shows the numbers of rows that a real client wrote to and read from the local Turso."""

import asyncio
import re
import sys

import pytest

from tests.world import DANA, World, words

pytestmark = pytest.mark.asyncio(loop_scope="module")
INSERTED, SCANS = 37, 3


PROGRAM = f"""
import sys, libsql
connection = libsql.connect(sys.argv[1], auth_token=sys.stdin.read())
connection.execute("CREATE TABLE carts (x)")
connection.executemany("INSERT INTO carts VALUES (?)", [(number,) for number in range({INSERTED})])
connection.commit()
for _ in range({SCANS}):
    assert len(connection.execute("SELECT x FROM carts").fetchall()) == {INSERTED}
connection.close()
"""
"""The client's program: it creates a table, writes rows and scans them."""


async def run_client(url: str, token: str) -> None:
    """Run the program in another process, because the client blocks its process."""
    program = await asyncio.create_subprocess_exec(sys.executable, "-c", PROGRAM, url, stdin=asyncio.subprocess.PIPE)
    await program.communicate(token.encode())
    assert program.returncode == 0


async def test_the_usage_of_a_database_matches_what_its_client_did(world: World) -> None:
    await world.create_databases("carts")
    turso = world.bot.env.turso_clients.turso("acme") if world.bot else None
    assert turso is not None
    await world.turso.flush()
    before = (await turso.database_usage("carts")).usage
    minted = await turso.mint_token("carts", expiration="1h", read_only=False)
    await run_client(f"{world.url}/db/carts", minted.token.get_secret_value())
    await world.turso.flush()

    text = words(await world.person(DANA).types("/turso usage carts"))

    shown = {label: int(count.replace(",", "")) for label, count in re.findall(r"\*(Rows \w+)\*\n([\d,]+)", text)}
    assert before.rows_written is not None
    assert before.rows_read is not None
    written, read = shown["Rows written"] - before.rows_written, shown["Rows read"] - before.rows_read
    assert INSERTED <= written <= INSERTED + 5, "the rows, and the table itself"
    assert SCANS * INSERTED <= read <= (SCANS + 1) * INSERTED + 10, "the scans, and perhaps rows that an insert reads"
    ranking = words(await world.person(DANA).types("/turso usage --sort writes --top 50"))
    row = re.search(r" carts raw_text ([\d,]+) raw_number ([\d,]+) raw_number", ranking)
    assert row is not None, ranking
    assert {"Rows read": int(row[1].replace(",", "")), "Rows written": int(row[2].replace(",", ""))} == shown
