"""SQLite's write-ahead log, read page by page.

Source: https://www.sqlite.org/fileformat2.html#the_write_ahead_log
"""

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_HEADER = struct.Struct(">8I")  # magic, version, page size, checkpoints, two salts, two checksums
_FRAME = struct.Struct(">6I")  # page, size of the database or 0, two salts, two checksums
Salts = tuple[int, int]


@dataclass(frozen=True)
class Commit:
    """A transaction: the last frame of each page that it wrote, and the database's size in pages after it."""

    frames: dict[int, int]
    size_pages: int
    end: int
    """The number of frames in the log up to the end of this transaction."""


class Wal:
    """One generation of the log. SQLite starts the next one at the beginning of the same file, with other salts."""

    def __init__(self, file: BinaryIO, page_bytes: int, salts: Salts) -> None:
        self._file, self.page_bytes, self.salts = file, page_bytes, salts

    def commits(self, first: int, end: int) -> Iterator[Commit]:
        """Yield the transactions in the frames from `first` up to, but not including, `end`.

        Leaves out a transaction that isn't complete.
        """
        frames: dict[int, int] = {}
        for number in range(first, end):
            page, size_pages, *salts = _FRAME.unpack(self._read(number, 0, _FRAME.size))[:4]
            if tuple(salts) != self.salts:
                return
            frames[page] = number
            if size_pages:
                yield Commit(frames, size_pages, number + 1)
                frames = {}

    def page(self, frame: int) -> bytes:
        """Return the content of the page in a frame."""
        return self._read(frame, _FRAME.size, self.page_bytes)

    def _read(self, frame: int, offset: int, length: int) -> bytes:
        self._file.seek(_HEADER.size + frame * (_FRAME.size + self.page_bytes) + offset)
        return self._file.read(length)


@contextmanager
def open_wal(database: Path) -> Iterator[Wal | None]:
    """Open the log of a database. Yields None if there is no log or it is empty."""
    try:
        with database.with_name(database.name + "-wal").open("rb") as file:
            header = file.read(_HEADER.size)
            if len(header) < _HEADER.size:
                yield None
                return
            _, _, page_bytes, _, *salts = _HEADER.unpack(header)[:6]
            yield Wal(file, page_bytes, (salts[0], salts[1]))
    except FileNotFoundError:
        yield None
