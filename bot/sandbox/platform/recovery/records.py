"""Records of the pages that commits replaced, one after another in a file."""

import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from bot.sandbox.platform.recovery.wal import Salts

_MAGIC = b"undo"
# magic, time, size in pages, two salts, frames, page size, pages, whether compressed, bytes of the pages, checksum
_HEADER = struct.Struct(">4sQ9I")
_FASTEST = 1


@dataclass(frozen=True)
class Header:
    """A record's header: the commit's time, the database's size before it, and its place in the write-ahead log.

    `salts` identify the log's generation. `frames` is its number of frames up to the end of this commit.
    """

    at_us: int
    size_pages: int
    salts: Salts
    frames: int
    page_bytes: int


@dataclass(frozen=True)
class Entry:
    """A record in a file: its header, and the position of its pages."""

    header: Header
    count: int
    compressed: bool
    offset: int
    length: int
    checksum: int

    @property
    def end(self) -> int:
        return self.offset + self.length

    def pages(self, file: BinaryIO) -> dict[int, bytes]:
        """Return the old content of the pages. Raises ValueError if the file is damaged."""
        file.seek(self.offset)
        stored = file.read(self.length)
        if zlib.crc32(stored) != self.checksum:
            raise ValueError("the history of this database is damaged")
        body = zlib.decompress(stored) if self.compressed else stored
        numbers = struct.unpack_from(f">{self.count}I", body)
        size, start = self.header.page_bytes, 4 * self.count
        return {page: body[start + size * at : start + size * (at + 1)] for at, page in enumerate(numbers)}


def encode(header: Header, pages: Mapping[int, bytes], *, compress: bool = False) -> bytes:
    """Return a record as bytes."""
    body = struct.pack(f">{len(pages)}I", *pages) + b"".join(pages.values())
    stored = zlib.compress(body, _FASTEST) if compress else body
    numbers = (*header.salts, header.frames, header.page_bytes, len(pages), compress, len(stored), zlib.crc32(stored))
    return _HEADER.pack(_MAGIC, header.at_us, header.size_pages, *numbers) + stored


def entries(file: BinaryIO) -> Iterator[Entry]:
    """Yield the records of a file, oldest first.

    Leaves out an incomplete record at the end, which a killed process may have written.
    """
    end = file.seek(0, 2)
    start = 0
    while start + _HEADER.size <= end:
        file.seek(start)
        magic, at_us, size, salt_1, salt_2, frames, page_bytes, count, compressed, length, checksum = _HEADER.unpack(
            file.read(_HEADER.size)
        )
        entry = Entry(
            Header(at_us, size, (salt_1, salt_2), frames, page_bytes),
            *(count, bool(compressed), start + _HEADER.size, length, checksum),
        )
        if magic != _MAGIC or entry.end > end:
            return
        yield entry
        start = entry.end


def merged(file: BinaryIO, window_us: int) -> Iterator[bytes]:
    """Yield compressed records in place of those of a file: one for all commits within a time window.

    A compressed record has the time of its last commit, and undoes all of its commits.
    """
    window: list[Entry] = []
    for entry in entries(file):
        if window and entry.header.at_us - window[0].header.at_us > window_us:
            yield _merge(file, window)
            window = []
        window.append(entry)
    if window:
        yield _merge(file, window)


def _merge(file: BinaryIO, window: Sequence[Entry]) -> bytes:
    oldest, newest = window[0].header, window[-1].header
    pages: dict[int, bytes] = {}
    for entry in window:
        for page, content in entry.pages(file).items():
            if page <= oldest.size_pages:
                pages.setdefault(page, content)
    header = Header(newest.at_us, oldest.size_pages, newest.salts, newest.frames, newest.page_bytes)
    return encode(header, pages, compress=True)
