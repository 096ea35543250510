"""The protocol for the source of the current time."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """The source of the current time, which `CLOCK_FILE` can simulate.

    Only retries, the liveness of processes, and times that are compared with another service's use the machine's clock.
    """

    def now(self) -> datetime:
        """Return the time now, aware, in UTC."""
