"""Verify signatures with the app's signing secret, and with the previous one while it is being replaced."""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Final

import structlog
from slack_sdk.signature import Clock, SignatureVerifier

from bot.settings import BadSettings

Read = Callable[[], Sequence[str]]
"""Returns the secrets that are set now, the current one first. May block. Raises BadSettings."""

PAUSE_SECONDS: Final = 0.2
"""The shortest time in seconds from one read to the next, so that many wrongly signed requests cost little."""

log = structlog.get_logger(__name__)


class SigningSecrets:
    """Verifies Slack's signatures, with the verifier of Slack's SDK.

    If a signature doesn't match the current secret, the secrets are read again before the request is refused, or
    accepted with the previous one, unless they were read less than `PAUSE_SECONDS` ago. So files with secrets may be
    replaced while the process runs.
    """

    def __init__(
        self, secrets: Sequence[str], *, read: Read | None = None, now: Callable[[], float] = time.time
    ) -> None:
        """Set the initial secrets, the current one first. Raises ValueError if there is none."""
        self._clock = _Now(now)
        self._read = read
        self._read_lock, self._read_at = asyncio.Lock(), float("-inf")
        self._use(secrets)

    async def is_valid(self, text: str, stamp: str, signature: str) -> bool:
        """Return True if a text was signed with the current or the previous secret, within five minutes."""
        known = self._verifiers
        if known[0].is_valid(text, stamp, signature):
            return True
        await self._read_again()
        untried = known[1:] if self._verifiers is known else self._verifiers
        return any(one.is_valid(text, stamp, signature) for one in untried)

    async def _read_again(self) -> None:
        """Read the secrets, unless they were just read. If there are none or they can't be read, keep the old ones."""
        if self._read is None:
            return
        async with self._read_lock:
            if time.monotonic() < self._read_at + PAUSE_SECONDS:
                return
            self._read_at = time.monotonic()
            try:
                secrets = await asyncio.to_thread(self._read)
            except BadSettings as error:
                log.warning("signing_secret.unreadable", why=str(error))
                return
            if secrets and list(secrets) != self._secrets:
                self._use(secrets)
                log.info("signing_secret.changed", accepted=len(secrets))

    def _use(self, secrets: Sequence[str]) -> None:
        self._secrets = list(secrets)
        self._verifiers = [SignatureVerifier(one, self._clock) for one in secrets]
        if not self._verifiers:
            raise ValueError("A signing secret is needed.")


class _Now(Clock):
    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now

    def now(self) -> float:
        return self._now()
