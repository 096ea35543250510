"""Log events that anybody on the network can cause, in at most one line a second, to protect the disk."""

import time
from collections.abc import Callable
from typing import Any

import structlog

log = structlog.get_logger(__name__)


class FloodLog:
    """Logs an event if the last line is at least a second old, with the number of events since that line."""

    def __init__(self, event: str, now: Callable[[], float] = time.monotonic) -> None:
        self._event, self._now = event, now
        self._count, self._quiet_until = 0, 0.0

    def note(self, **more: Any) -> None:
        """Count an event, and log it unless a line was written within the last second."""
        self._count += 1
        if (now := self._now()) >= self._quiet_until:
            log.warning(self._event, count=self._count, **more)
            self._count, self._quiet_until = 0, now + 1
