"""The policy in force: read from its file, and read again when the file changes."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import structlog

from bot.core.policy import Policy, PolicyInvalid, load
from bot.errors import BotError

log = structlog.get_logger(__name__)

LOOK_EVERY = 2.0
"""Seconds between looks at the file."""


class PolicyBook:
    """Keeps the last valid policy: a file that does not validate changes nothing."""

    def __init__(self, path: Path, organization: str) -> None:
        self._path = path
        self._organization = organization
        self._stamp: tuple[int, int, int] | None = None
        self._loaded = time.monotonic()
        self._told: Policy | None = None
        self.problem: str | None = None
        """Why the file as it is now is not in force; None when it is."""
        self.policy = self._told = self._load_first()

    @property
    def age_seconds(self) -> float:
        """Since the policy in force was loaded."""
        return time.monotonic() - self._loaded

    def _load_first(self) -> Policy:
        """Raises BotError: the file is missing or does not validate; a process does not start without a policy."""
        try:
            self._stamp = self._look()
            return load(self._path.read_text(encoding="utf-8"), default_organization=self._organization)
        except (OSError, UnicodeDecodeError):
            raise BotError(f"POLICY_FILE names `{self._path}`, which cannot be read.") from None
        except PolicyInvalid as invalid:
            raise BotError(f"POLICY_FILE names `{self._path}`, which does not validate: {invalid}") from None

    async def look(self, changed: Callable[[Policy], Awaitable[None]]) -> None:
        """Look at the file once; `changed` is told of each policy that comes into force, until it has taken it."""
        await asyncio.to_thread(self.reload)
        policy = self.policy
        if policy is not self._told:
            await changed(policy)
            self._told = policy

    def reload(self) -> None:
        """Take a changed file into force if it validates; else say so and keep the old one."""
        try:
            stamp = self._look()
            if stamp == self._stamp:
                return
            self.policy = load(self._path.read_text(encoding="utf-8"), default_organization=self._organization)
        except (OSError, UnicodeDecodeError):
            self._complain("the file cannot be read")
            return
        except PolicyInvalid as invalid:
            self._stamp = stamp
            self._complain(str(invalid))
            return
        self._stamp, self.problem, self._loaded = stamp, None, time.monotonic()
        log.info("policy in force", hash=self.policy.hash)

    def _complain(self, why: str) -> None:
        if why != self.problem:
            log.error("the policy file is not in force; the old policy stays", why=why)
        self.problem = why

    def _look(self) -> tuple[int, int, int]:
        found = self._path.stat()
        return found.st_mtime_ns, found.st_size, found.st_ino
