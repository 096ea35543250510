"""The usage journal: usage is written to a file before the response is sent, so that a killed process loses none."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from bot.sandbox.platform.catalog.usage import Booking, QueryBooking

Measured = tuple[list[Booking], list[QueryBooking]]


class Journal:
    """Numbered files with usage that may not be in the catalogue yet. The catalogue stores the number of the last file
    whose usage it has added.

    Writes are flushed but not synced: they survive a crash of the process, but not of the machine.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder = folder
        self._number = max((number for number, _ in self._files()), default=0) + 1
        self._file: BinaryIO | None = None

    def write(self, rows: Sequence[Booking], queries: Sequence[QueryBooking]) -> None:
        """Append one line. Once this returns, the line survives a crash of the process."""
        if self._file is None:
            self._file = (self._folder / f"{self._number}.jsonl").open("ab")
        self._file.write(json.dumps([rows, queries], separators=(",", ":")).encode() + b"\n")
        self._file.flush()

    def rotate(self) -> int:
        """Start the next file, and return the number of the complete one."""
        complete, self._number = self._number, self._number + 1
        self.close()
        return complete

    def unbooked(self, booked: int) -> Iterator[tuple[int, Measured]]:
        """Yield the number and content of each file whose number is higher than `booked`."""
        for number, path in self._files():
            if number > booked:
                yield number, _read(path)

    def delete_booked(self, booked: int) -> None:
        """Delete the files up to number `booked`, and never use their numbers again."""
        for number, path in self._files():
            if number <= booked:
                path.unlink(missing_ok=True)
        self._number = max(self._number, booked + 1)

    def close(self) -> None:
        """Close the current file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _files(self) -> list[tuple[int, Path]]:
        return sorted((int(path.stem), path) for path in self._folder.glob("*.jsonl") if path.stem.isdigit())


def _read(path: Path) -> Measured:
    rows: list[Booking] = []
    queries: list[QueryBooking] = []
    for line in path.read_bytes().splitlines(keepends=True):
        if line.endswith(b"\n"):  # otherwise the process was killed while writing it, before it sent the response
            found_rows, found_queries = json.loads(line)
            rows += [Booking(*one) for one in found_rows]
            queries += [QueryBooking(*one) for one in found_queries]
    return rows, queries
