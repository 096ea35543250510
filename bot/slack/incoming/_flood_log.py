"""Log what anybody on the network can cause, at most once a second, so that a flood doesn't fill the disk."""

import time
from collections.abc import Callable
from typing import Any

import structlog

log = structlog.get_logger(__name__)


class FloodLog:
    """Logs the first of a second, with how many there were since the last line."""

    def __init__(self, event: str, now: Callable[[], float] = time.monotonic) -> None:
        self._event, self._now = event, now
        self._count, self._quiet_until = 0, 0.0

    def note(self, **more: Any) -> None:
        """Count one, and log it unless a line was written a moment ago."""
        self._count += 1
        if (now := self._now()) >= self._quiet_until:
            log.warning(self._event, count=self._count, **more)
            self._count, self._quiet_until = 0, now + 1
