"""The platform's time, which a test may move forward without waiting."""

import time
from datetime import UTC, datetime, timedelta


class Clock:
    """Wall time plus an offset, for every expiry and every day of usage."""

    def __init__(self) -> None:
        self.offset = timedelta()

    def time(self) -> float:
        """Return seconds since the epoch, as the platform sees them."""
        return time.time() + self.offset.total_seconds()

    def now(self) -> datetime:
        """Return an aware datetime in UTC."""
        return datetime.fromtimestamp(self.time(), UTC)

    def today(self) -> str:
        """Return the day that usage is booked on, `YYYY-MM-DD` in UTC."""
        return self.now().strftime("%Y-%m-%d")
