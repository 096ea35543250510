"""The platform's clock. Tests and the sandbox's page can move it."""

import time
from datetime import UTC, datetime, timedelta


class Clock:
    """The machine's time plus an offset, which may be negative. Every expiry and every day of usage depends on it."""

    def __init__(self) -> None:
        self.offset = timedelta()

    def time(self) -> float:
        """Return seconds since the epoch."""
        return time.time() + self.offset.total_seconds()

    def now(self) -> datetime:
        """Return an aware datetime in UTC."""
        return datetime.fromtimestamp(self.time(), UTC)

    def today(self) -> str:
        """Return the day to which usage is added now, `YYYY-MM-DD` in UTC."""
        return self.now().strftime("%Y-%m-%d")
