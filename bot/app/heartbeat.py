"""That this process lives, by which policy it decides and what of it fails, for the others to see."""

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
"""A process that has not been seen for so long is not counted any more."""


def _own_id() -> str:
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"


@dataclass(slots=True)
class Heartbeat:
    """Writes this process's row, and reads those of the others. It goes by the machine's clock."""

    store: SqlStore
    book: PolicyBook
    background: Background
    id: str = field(default_factory=_own_id)

    async def say(self) -> None:
        """Say it now: every few seconds, and when another policy has come into force."""
        now, failing = datetime.now(UTC), said_of(self.background.failing())
        await self.store.processes.record(self.id, self.book.policy.hash, now, forget=now - LIVES_FOR, failing=failing)

    async def leave(self) -> None:
        """Take it back: this process ends. A store that does not answer is told elsewhere."""
        try:
            await self.store.processes.remove(self.id)
        except Exception as error:
            log.warning("the presence of this process was not taken back", why=type(error).__name__)

    async def failing(self) -> Mapping[str, str]:
        """Return which background loops fail, of this process and of every other one that lives, by its id."""
        found = dict(await self.store.processes.failing_loops(datetime.now(UTC) - LIVES_FOR))
        found[self.id] = said_of(self.background.failing())
        return {process: loops for process, loops in found.items() if loops}

    async def others(self) -> Mapping[str, str]:
        """Return the hash of the policy of every other process that lives, by its id."""
        found = await self.store.processes.policies(datetime.now(UTC) - LIVES_FOR)
        return {process: policy for process, policy in found.items() if process != self.id}


def said_of(loops: Sequence[Loop]) -> str:
    """Name loops that fail, with how often they have failed and why."""
    return ", ".join(f"{loop.name} ({loop.failures}×, {loop.cause})" for loop in loops)
