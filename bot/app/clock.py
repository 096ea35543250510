"""Where the time comes from: the machine, or a file in rehearsals."""

from datetime import UTC, datetime
from pathlib import Path

from bot.core.ports import Clock


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the time now, in UTC."""
        return datetime.now(UTC)


class FileClock:
    """A clock whose hands are in a file: an RFC 3339 time, or an offset in seconds such as `+3600`."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def now(self) -> datetime:
        """Return what the file says now; the machine's time while it is missing or half written."""
        try:
            text = self._path.read_text(encoding="ascii").strip()
            if text.startswith(("+", "-")):
                return datetime.fromtimestamp(SystemClock().now().timestamp() + float(text), UTC)
            return datetime.fromisoformat(text).astimezone(UTC)
        except (OSError, ValueError):
            return SystemClock().now()


def clock_of(path: Path | None) -> Clock:
    """Return the clock that the settings name."""
    return FileClock(path) if path else SystemClock()
