"""The clock of the bot in the sandbox. Tests and the sandbox's page can move it."""

from datetime import UTC, datetime, timedelta


class SandboxClock:
    """The machine's time plus an offset."""

    def __init__(self) -> None:
        self.offset = timedelta(0)

    def now(self) -> datetime:
        """Return the sandbox's time, in UTC."""
        return datetime.now(UTC) + self.offset

    def move(self, by: timedelta) -> None:
        """Move the time ahead, or back if `by` is negative."""
        self.offset += by
