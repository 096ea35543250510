"""That this process lives and by which policy it decides, for the others to see."""

import asyncio
import os
import secrets
import socket
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

from bot.app.policy_book import PolicyBook
from bot.store.store import Store

log = structlog.get_logger(__name__)

EVERY: Final = timedelta(seconds=20)
LIVES_FOR: Final = timedelta(seconds=60)
"""A process that has not been seen for so long is not counted any more."""


def _own_id() -> str:
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"


@dataclass(slots=True)
class Presence:
    """Writes this process's row, and reads those of the others. It goes by the machine's clock."""

    store: Store
    book: PolicyBook
    id: str = field(default_factory=_own_id)

    async def run(self) -> None:
        """Say it again and again until cancelled; then take it back."""
        try:
            while True:
                await self.say()
                await asyncio.sleep(EVERY.total_seconds())
        finally:
            await self._quietly(self.store.process_ends(self.id))

    async def say(self) -> None:
        """Say it now: at the start, and when another policy has come into force."""
        now = datetime.now(UTC)
        await self._quietly(self.store.process_lives(self.id, self.book.policy.hash, now, forget=now - LIVES_FOR))

    async def others(self) -> Mapping[str, str]:
        """Return the hash of the policy of every other process that lives, by its id."""
        found = await self.store.policies(datetime.now(UTC) - LIVES_FOR)
        return {process: policy for process, policy in found.items() if process != self.id}

    async def _quietly(self, deed: Awaitable[None]) -> None:
        """A store that does not answer is told elsewhere."""
        try:
            await deed
        except Exception as error:
            log.warning("the presence of this process was not written", why=type(error).__name__)
