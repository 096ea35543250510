"""Returns the current time: from the machine's clock, or from a file for simulations."""

from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from bot.core.ports import Clock


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the current time in UTC."""
        return datetime.now(UTC)


class FileClock:
    """A clock set by a file, which contains an RFC 3339 time or an offset in seconds such as `+3600`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read = ""

    def now(self) -> datetime:
        """Return the time in the file.

        If the file isn't valid now, use its last valid content, or the machine's time if there was none.
        """
        with suppress(OSError, ValueError, OverflowError):
            text = self._path.read_text(encoding="ascii").strip()
            _moment(text)
            self._read = text
        return _moment(self._read) if self._read else SystemClock().now()


def _moment(text: str) -> datetime:
    if text.startswith(("+", "-")):
        return datetime.fromtimestamp(SystemClock().now().timestamp() + float(text), UTC)
    return datetime.fromisoformat(text).astimezone(UTC)


def clock_of(path: Path | None) -> Clock:
    """Return a clock that reads the file at `path`, or without one the machine's clock."""
    return FileClock(path) if path else SystemClock()
