"""Commands of the command line that don't serve Slack: migrations, the audit log and the live checks."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self

from bot.app.clock import SystemClock
from bot.core.audit import verify_stream
from bot.core.ports import Store
from bot.settings import Settings
from bot.store.schema.upgrading import must_be_current, upgrade
from bot.store.store import open_store


async def upgrade_store(database_url: str) -> int:
    """Upgrade the bot's tables, and print the result."""
    await upgrade(database_url)
    print("The database is up to date.")
    return 0


class Audit:
    """The audit log, read from the store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @classmethod
    @asynccontextmanager
    async def open(cls, database_url: str) -> AsyncIterator[Self]:
        """Open an existing store for reading. Raises BotError if there is none of this version."""
        await must_be_current(database_url)
        async with open_store(database_url, SystemClock()) as store:
            yield cls(store)

    async def verify(self, head: str | None) -> int:
        """Verify the chain, against a posted head if one is given. Returns 1 if it is broken."""
        found = await verify_stream(self._store.audit.chain(), head)
        if found.fault:
            print(f"The audit log was changed: {found.fault}")
            return 1
        if fault := await self._store.audit.index_fault():
            print(f"The index of the audit log was changed: {fault}")
            return 1
        print(f"The audit log holds: {found.entries} entries, head {found.head or '(empty)'}.")
        if head is None:
            print("That nothing was cut from its end is proved only by a head posted elsewhere: --head HASH.")
        return 0

    async def export(self) -> int:
        """Print every entry as a line of JSON, oldest first."""
        async for seq, _, digest, text in self._store.audit.chain():
            print(f'{{"seq":{seq},"hash":"{digest}",{text[1:]}')
        return 0


async def doctor(settings: Settings) -> int:
    """Run every live check, and print the findings. Changes nothing. Returns 1 if something is wrong."""
    from bot.app.compose import running

    async with running(settings, executes=False, upgrade=False, counts=False) as bot:
        findings = await bot.health.doctor()
    for name, well, sentence in findings:
        print(f"{'ok  ' if well else 'FAIL'}  {name}: {sentence}")
    return 0 if all(well for _, well, _ in findings) else 1
