"""Stores the heartbeat of a process: its policy and its failing loops, which other processes can read."""

import os
import secrets
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

from bot.app.policy_book import PolicyBook
from bot.core.concurrency.background import Background, Loop
from bot.store.store import SqlStore

log = structlog.get_logger(__name__)

EVERY_SECONDS: Final = 20.0
LIVES_FOR: Final = timedelta(seconds=60)
"""A process that hasn't written its row for this long no longer counts as running."""


def _own_id() -> str:
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"


@dataclass(slots=True)
class Heartbeat:
    """Writes this process's row, and reads the other rows. Uses the machine's clock."""

    store: SqlStore
    book: PolicyBook
    background: Background
    id: str = field(default_factory=_own_id)

    async def write(self) -> None:
        """Write the row now. Called every `EVERY_SECONDS`, and after a policy change."""
        now, failing = datetime.now(UTC), failing_text(self.background.failing())
        await self.store.processes.record(self.id, self.book.policy.hash, now, forget=now - LIVES_FOR, failing=failing)

    async def delete(self) -> None:
        """Delete the row when the process ends. A failure is only logged, because the row expires anyway."""
        try:
            await self.store.processes.remove(self.id)
        except Exception as error:
            log.warning("the row of this process was not deleted", why=type(error).__name__)

    async def failing(self) -> Mapping[str, str]:
        """Return the failing background loops of every running process, by process ID."""
        found = dict(await self.store.processes.failing_loops(datetime.now(UTC) - LIVES_FOR))
        found[self.id] = failing_text(self.background.failing())
        return {process: loops for process, loops in found.items() if loops}

    async def others(self) -> Mapping[str, str]:
        """Return the policy hash of every other running process, by process ID."""
        hashes = await self.store.processes.policies(datetime.now(UTC) - LIVES_FOR)
        return {process: policy for process, policy in hashes.items() if process != self.id}


def failing_text(loops: Sequence[Loop]) -> str:
    """Return a text that names failing loops with the number and the cause of their failures."""
    return ", ".join(f"{loop.name} ({loop.failures}×, {loop.cause})" for loop in loops)
