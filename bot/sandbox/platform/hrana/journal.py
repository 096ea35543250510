"""The journal of usage: what was measured is in a file before the answer leaves, so that no kill loses it."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from bot.sandbox.platform.catalog.usage import Booking, QueryBooking

Measured = tuple[list[Booking], list[QueryBooking]]


class Journal:
    """Numbered files, one for each time between two bookings. The catalogue says up to which number it has booked.

    A file is written and handed to the system, not synced: it survives the end of the process, however that comes.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder = folder
        self._number = max((number for number, _ in self._files()), default=0) + 1
        self._file: BinaryIO | None = None

    def write(self, rows: Sequence[Booking], queries: Sequence[QueryBooking]) -> None:
        """Add a line. It survives a kill once this returns."""
        if self._file is None:
            self._file = (self._folder / f"{self._number}.jsonl").open("ab")
        self._file.write(json.dumps([rows, queries], separators=(",", ":")).encode() + b"\n")
        self._file.flush()

    def turn(self) -> int:
        """Begin the next file, and return the number of the file that is now complete."""
        complete, self._number = self._number, self._number + 1
        self.close()
        return complete

    def unbooked(self, booked: int) -> Iterator[tuple[int, Measured]]:
        """Yield what a kill kept from being booked: the number of each file after `booked`, and what it holds."""
        for number, path in self._files():
            if number > booked:
                yield number, _read(path)

    def forget(self, booked: int) -> None:
        """Remove the files whose usage is counted, and continue after them."""
        for number, path in self._files():
            if number <= booked:
                path.unlink(missing_ok=True)
        self._number = max(self._number, booked + 1)

    def close(self) -> None:
        """Close the file that is written to."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _files(self) -> list[tuple[int, Path]]:
        return sorted((int(path.stem), path) for path in self._folder.glob("*.jsonl") if path.stem.isdigit())


def _read(path: Path) -> Measured:
    rows: list[Booking] = []
    queries: list[QueryBooking] = []
    for line in path.read_bytes().splitlines(keepends=True):
        if line.endswith(b"\n"):  # else it was cut off, and what it told of was never answered
            found_rows, found_queries = json.loads(line)
            rows += [Booking(*one) for one in found_rows]
            queries += [QueryBooking(*one) for one in found_queries]
    return rows, queries
