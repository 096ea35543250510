"""Runs the commands that don't serve Slack: migrations, backups and restores, the audit log and the live checks."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Self

from bot.app.audit_stream import received_copy
from bot.app.clock import SystemClock
from bot.app.logs import set_up_logs
from bot.app.lost_files import describe_loss
from bot.app.store_start import prepare_store
from bot.blocks.text import counted
from bot.core.audit import verify_stream
from bot.core.audit_formats import json_line
from bot.settings import Settings
from bot.store.backup import back_up, require_own_log
from bot.store.connections.urls import place_of, places_of
from bot.store.schema.upgrading import require_current
from bot.store.store import SqlStore, open_store


async def upgrade_store(database_url: str, direct_url: str | None = None) -> int:
    """Upgrade the bot's tables, and print the result."""
    places = places_of(database_url, direct_url)
    await prepare_store(places, upgrades=True)
    print(f"The bot's own database is up to date (`{places.direct.address}`).")
    return 0


async def back_up_store(database_url: str, to: Path) -> int:
    """Back up the store, and print what the backup contains."""
    verified = await back_up(database_url, to)
    print(f"`{to}` is a verified backup: {verified.entries} audit entries, latest hash {verified.head or '(empty)'}.")
    print(
        "It contains names of databases and people, and the reasons that people gave. Protect it like the bot's own "
        "database."
    )
    return 0


class Audit:
    """The commands about the audit log of an existing store."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store

    @classmethod
    @asynccontextmanager
    async def open(cls, database_url: str) -> AsyncIterator[Self]:
        """Open an existing store. Raises BotError if there is none of this version."""
        place = place_of(database_url).to_read
        await require_current(place)
        async with open_store(place, SystemClock()) as store:
            yield cls(store)

    async def verify(self, head: str | None) -> int:
        """Verify the chain and its index, and look for a posted head if one is given. Returns 1 after a failure."""
        verified = await verify_stream(self._store.audit.chain(), head)
        if verified.fault:
            print(f"The audit log failed verification (altered or damaged): {verified.fault}")
            return 1
        if fault := await self._store.audit.index_fault():
            print(f"The audit log's index failed verification: {fault}")
            return 1
        count = counted(verified.entries, "entry", "entries")
        print(f"The audit log is intact: {count}, latest hash {verified.head or '(empty)'}.")
        if head is None:
            print("To prove that no entries were removed from the end, pass a hash posted in Slack: --head HASH.")
        return 0

    async def resend(self, stream: str, first: int) -> int:
        """Make the stream send an entry and all later ones again. Returns 1 if the stream hasn't reached that entry."""
        if not await self._store.audit_streams.rewind(stream, first - 1):
            print(f"There is nothing to send again: the receiver hasn't received entry {first} yet.")
            return 1
        print(f"The audit stream will send entry {first} and all later ones again.")
        return 0

    async def export(self) -> int:
        """Print every entry as a line of JSON, oldest first."""
        async for row in self._store.audit.chain():
            print(json_line(row))
        return 0


def verify_copy(path: Path, head: str | None) -> int:
    """Verify a received copy of the log. Returns 1 if it isn't valid. Raises BotError if it can't be read."""
    try:
        copy = received_copy.verify_copy(path, head)
    except received_copy.BrokenCopy as error:
        print(f"The copy isn't intact: {error}")
        return 1
    entries = received_copy.entry_range(copy.first, copy.last) if copy.last else "no entries"
    print(f"The copy is intact: {entries}, latest hash {copy.head or '(empty)'}.")
    if copy.first > 1:
        print(f"It begins with entry {copy.first}, which can't be checked against the one before it.")
    return 0


async def after_restore(settings: Settings) -> int:
    """Prepare a restored store for the bot, and print what was done. Returns 1 if people must check something."""
    from bot.app import after_restore as restore
    from bot.app.compose import running, secrets_of

    set_up_logs(settings.log_level, settings.log_format, secrets_of(settings))
    require_own_log(settings.database_url.get_secret_value())
    async with running(settings, executes=False, counts=False) as bot:
        report = await restore.after_restore(bot.env, await bot.health.heartbeat.others())
    for line in restore.lines(report):
        print(line)
    return 1 if report.blocks.unexplained or report.blocks.unknown else 0


async def doctor(settings: Settings) -> int:
    """Run every live check, and print the findings. Changes nothing but a test row. Returns 1 if something is wrong."""
    from bot.app.compose import running, secrets_of

    set_up_logs(settings.log_level, settings.log_format, secrets_of(settings))
    async with running(settings, executes=False, upgrade=False, counts=False) as bot:
        findings = [*await bot.health.doctor(), *_store_findings(settings)]
    for name, passed, sentence in findings:
        print(f"{'ok  ' if passed else 'FAIL'}  {name}: {sentence}")
    return 0 if all(passed for _, passed, _ in findings) else 1


def _store_findings(settings: Settings) -> list[tuple[str, bool, str]]:
    """Return a finding if the platform may delete the store's file. It is a failure if the deletion is certain."""
    loss = describe_loss(place_of(settings.database_url.get_secret_value()).file, os.environ)
    return [("store location", not loss.is_certain, loss.sentence)] if loss else []
