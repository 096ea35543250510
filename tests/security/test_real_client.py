"""A real database client sees what the bot reports: blocked, unblocked, accessible with a token, revoked."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from tests.policies import WITH_DBA_GROUP
from tests.process import Process, local_servers
from tests.security.client import Client, Refused, client_of
from tests.security.stage import be_patient
from tests.world import ANA, BEN, DANA, REMY, World, until, words

pytestmark = pytest.mark.asyncio(loop_scope="module")

READ, WRITE = "SELECT count(*) FROM visits", "INSERT INTO visits VALUES ('somebody')"
POLICY = (
    WITH_DBA_GROUP
    + """\
  responders: {usergroup: S0RESPOND}
channels:
  C0DBOPS:
    databases: ["*"]
    rules:
      - {allow: [read, token], confirm: none}
      - {allow: freeze, to: responders, confirm: none}
      - {approve: [destroy, rotate], by: dba, confirm: none}
"""
)


@dataclass
class Sandbox:
    """The local Slack and Turso, and a process of the bot that tests restart at a later time."""

    world: World
    bot: Process
    clock: Path

    async def starts_again_after(self, by: timedelta) -> None:
        """Kill the bot, move all clocks by this much, and start the bot again."""
        await self.bot.kill()
        self.world.turso.clock.offset += by
        self.world.workspace.move_time(by)
        self.clock.write_text(f"+{self.world.turso.clock.offset.total_seconds():.0f}")
        await self.bot.start()

    @asynccontextmanager
    async def client(self, name: str, options: str = "") -> AsyncIterator[Client]:
        """Start a real client with a token that was revealed to Dana in Slack."""
        url = f"{self.world.url}/db/{name}"
        async with client_of(url) as client:
            client.token = await self.token(name, options)
            yield client

    async def token(self, name: str, options: str = "") -> str:
        """Request a token as Dana, and return it from the message that only she sees."""
        shown = await self.world.person(DANA).types(f"/turso token {name} --expiration 12h {options}")
        assert shown.only_for == DANA
        found = re.search(r"eyJ[\w.-]+", words(shown))
        assert found is not None
        return found.group()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    """Run the sandbox with the bot as a real process."""
    folder = tmp_path_factory.mktemp("client")
    (folder / "policy.yaml").write_text(POLICY)
    clock = folder / "clock"
    async with local_servers(folder) as (world, keys):
        be_patient(world)
        await world.create_databases("frozen", "doomed", "opened", "rotated", "used")
        bot = Process(
            world, keys, policy=folder / "policy.yaml", extra={"CLOCK_FILE": str(clock)}, log=folder / "log.txt"
        )
        await bot.start()
        try:
            yield Sandbox(world, bot, clock)
        finally:
            await bot.kill()


async def test_a_freeze_blocks_a_client_until_it_expires_even_if_the_bot_is_killed(sandbox: Sandbox) -> None:
    async with sandbox.client("frozen") as client:
        await client.run_sql("CREATE TABLE visits (who TEXT)")
        await client.run_sql(WRITE)

        await sandbox.world.person(REMY).types("/turso db freeze frozen --for 2m --reason spike")
        await until(lambda: sandbox.world.card(holding="*frozen* are blocked"), what="the freeze")
        with pytest.raises(Refused, match=r"(?i)block"):
            await client.run_sql(WRITE)
        assert await client.run_sql(READ) == [[1]]

        await sandbox.starts_again_after(timedelta(minutes=1))
        with pytest.raises(Refused, match=r"(?i)block"):
            await client.run_sql(WRITE)

        await sandbox.starts_again_after(timedelta(minutes=2))
        await until(lambda: sandbox.world.card(holding="The freeze on `frozen` has ended"), what="the thaw", within=40)
        await client.run_sql(WRITE)
        assert await client.run_sql(READ) == [[2]]


async def test_a_quarantine_blocks_a_client_until_undo(sandbox: Sandbox) -> None:
    world = sandbox.world
    async with sandbox.client("doomed") as client:
        await client.run_sql("CREATE TABLE visits (who TEXT)")
        await client.run_sql(WRITE)

        card = await world.person(DANA).types("/turso db destroy doomed --reason cleaning")
        await world.person(ANA).presses_and_reads("Approve", card)
        card = await world.wait_for_content(card, button="Undo")
        for statement in (READ, WRITE):
            with pytest.raises(Refused, match=r"(?i)block"):
                await client.run_sql(statement)

        await sandbox.starts_again_after(timedelta(hours=3))
        with pytest.raises(Refused, match=r"(?i)block"):
            await client.run_sql(READ)

        await world.person(BEN).presses_and_reads("Undo", world.current(card))
        await until(lambda: world.card(holding="*doomed* was restored"), what="the Undo", within=40)
        await client.run_sql(WRITE)
        assert await client.run_sql(READ) == [[2]]
        assert not world.changes("DELETE")


async def test_a_read_only_token_can_read_and_not_write(sandbox: Sandbox) -> None:
    async with sandbox.client("opened") as client:
        await client.run_sql("CREATE TABLE visits (who TEXT)")
        client.token = await sandbox.token("opened", "--read-only")

        assert await client.run_sql(READ) == [[0]]
        with pytest.raises(Refused, match="write operations are forbidden"):
            await client.run_sql(WRITE)


async def test_a_token_opens_its_database_until_a_rotation_revokes_it(sandbox: Sandbox) -> None:
    world = sandbox.world
    async with sandbox.client("rotated") as client:
        assert await client.run_sql("SELECT 1") == [[1]]
        card = await world.person(DANA).types("/turso rotate rotated --reason leak")
        await world.person(ANA).presses_and_reads("Approve", card)
        await until(lambda: world.card(holding="*rotated* · Old tokens no longer work"), what="the rotation")

        with pytest.raises(Refused, match="401 Unauthorized"):
            await client.run_sql("SELECT 1")

        client.token = await sandbox.token("rotated")
        assert await client.run_sql("SELECT 1") == [[1]]


async def test_a_clients_reads_and_writes_are_in_the_usage(sandbox: Sandbox) -> None:
    async with sandbox.client("used") as client:
        await client.run_sql("CREATE TABLE visits (who TEXT)")
        _, writes_before = await reported_usage(sandbox.world, "used")
        many = ", ".join(["('somebody')"] * 4321)
        await client.run_sql(f"INSERT INTO visits VALUES {many}")
        reads_before, writes = await reported_usage(sandbox.world, "used")
        for _ in range(3):
            await client.run_sql(READ)
        reads, _ = await reported_usage(sandbox.world, "used")

    assert writes - writes_before == 4321
    assert 3 * 4321 <= reads - reads_before < 3 * 4321 + 100, "a few rows of the schema are read, too"


async def reported_usage(world: World, name: str) -> tuple[int, int]:
    """Return the rows read and written that `/turso usage NAME` shows."""
    shown = words(await world.person(DANA).types(f"/turso usage {name}"))
    found = re.search(r"([\d,]+) rows read and ([\d,]+) written", shown)
    assert found is not None, shown
    read, written = (int(number.replace(",", "")) for number in found.groups())
    return read, written
