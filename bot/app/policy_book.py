"""Keeps the current policy, and reads it again when its file changes."""

import asyncio
import hashlib
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import structlog

from bot.app.policy_text import Unreadable, read_policy
from bot.core.catalogue import CommandCatalogue
from bot.core.policy import Policy, PolicyInvalid, load
from bot.errors import BotError

log = structlog.get_logger(__name__)

CHECK_EVERY: Final = 2.0
"""Seconds between checks of the file."""
REPORT_EVERY: Final = 0.1
"""Seconds between checks for unreported policies. These checks only read a list in memory."""
QUIET_SECONDS: Final = 5.0
"""How long a changed file must stay the same before it is used, because somebody may still be writing it."""
UNSETTLED_SECONDS: Final = 60.0
"""A file that keeps changing for this long counts as a problem."""

Follow = Callable[[Policy], Awaitable[None]]
"""Called with the policy that is used from now on."""
Changed = Callable[[Policy | None, Policy], Awaitable[None]]
"""Called with the previous policy and the new one. At the start, the previous one is None."""


class PolicyBook:
    """Keeps the policy in force, which is the last valid version of the file."""

    def __init__(
        self, path: Path, organization: str, catalogue: CommandCatalogue, *, now: Callable[[], float] = time.monotonic
    ) -> None:
        """Read the first policy.

        Args:
            catalogue: the commands that its rules may name.
            now: seconds of a monotonic clock.
        Raises:
            BotError: the file is missing or doesn't validate. A process doesn't start without a policy.
        """
        self._path, self._organization, self._catalogue, self._now = path, organization, catalogue, now
        self._loaded = now()
        self._check_lock = threading.Lock()
        """Held during each check of the file.

        `check` runs in a thread, and must not replace what `reload` has read in the meantime.
        """
        self._followed: Policy | None = None
        self._reported: Policy | None = None
        self._seen: str | None = None
        self._seen_since = self._unsettled_since = now()
        self._verdicts: dict[str, str | None] = {}
        """Maps the digests of judged versions of the file to why they aren't used, or to None for the current one."""
        self._complained = False
        self.problem: str | None = None
        """Why the current file isn't used.

        None if it is used, or hasn't been checked yet because it hasn't stayed the same for long enough.
        """
        self.policy = self._load_first()
        self._unreported = deque([self.policy])
        """The policies that `report_changes` hasn't reported yet, oldest first."""

    @property
    def age_seconds(self) -> float:
        """Return the number of seconds since the current policy was loaded."""
        return self._now() - self._loaded

    @property
    def is_settling(self) -> bool:
        """Return whether the file has changed, but hasn't stayed the same for long enough."""
        return self.problem is None and self._seen not in self._verdicts

    async def apply_changes(self, follow: Follow) -> None:
        """Check the file once. Call `follow` with a new policy. If the call fails, it is repeated at the next check."""
        await asyncio.to_thread(self.check)
        policy = self.policy
        if policy is not self._followed:
            await follow(policy)
            self._followed = policy

    async def report_changes(self, changed: Changed) -> None:
        """Call `changed` for each new policy, in order. If a call fails, it is made again next time.

        This may take minutes, for example to post an announcement, so it is separate from checking the file.
        """
        while self._unreported:
            await changed(self._reported, self._unreported[0])
            self._reported = self._unreported.popleft()

    def check(self) -> None:
        """Check the file. A changed file is used once it validates and has stayed the same for a while."""
        with self._check_lock:
            self._take(quiet=QUIET_SECONDS)

    def reload(self) -> None:
        """Load the file now, without waiting for it to stay the same."""
        with self._check_lock:
            self._take(quiet=0.0)

    # -- details

    def _load_first(self) -> Policy:
        try:
            text = read_policy(self._path)
        except Unreadable as why:
            raise BotError(f"POLICY_FILE names `{self._path}`, which can't be read ({why}).") from None
        try:
            policy = load(text, self._catalogue, default_organization=self._organization)
        except PolicyInvalid as invalid:
            raise BotError(f"POLICY_FILE names `{self._path}`, which isn't valid: {invalid}") from None
        self._seen = _digest(text)
        self._verdicts = {self._seen: None}
        return policy

    def _take(self, *, quiet: float) -> None:
        now = self._now()
        try:
            text = read_policy(self._path)
        except Unreadable as why:
            self._seen, self._unsettled_since = None, now
            self._conclude(f"the file can't be read ({why})")
            return
        digest = _digest(text)
        if digest != self._seen:
            self._seen, self._seen_since = digest, now
        if digest not in self._verdicts and now - self._seen_since < quiet:
            is_unsettled = now - self._unsettled_since >= UNSETTLED_SECONDS
            self._conclude("the file keeps changing, so it isn't loaded" if is_unsettled else None)
            return
        self._unsettled_since = now
        if digest not in self._verdicts:
            self._verdicts = self._judged(text, digest)
        self._conclude(self._verdicts[digest])

    def _judged(self, text: str, digest: str) -> dict[str, str | None]:
        """Use the file's text if it validates. Returns the new `_verdicts`: for the text, and for the policy in use."""
        in_force = {known: why for known, why in self._verdicts.items() if why is None}
        try:
            policy = load(text, self._catalogue, default_organization=self._organization)
        except PolicyInvalid as invalid:
            return {**in_force, digest: str(invalid)}
        self.policy, self._loaded = policy, self._now()
        self._unreported.append(policy)
        log.info("policy in force", hash=policy.hash)
        return {digest: None}

    def _conclude(self, why: str | None) -> None:
        if why is not None and why != self.problem:
            log.error("the policy file is not in force; the old policy stays", why=why)
            self._complained = True
        self.problem = why
        if self._complained and why is None and not self.is_settling:
            log.warning("the policy file is in force again", hash=self.policy.hash)
            self._complained = False


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
