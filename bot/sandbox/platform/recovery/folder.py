"""The files of one database's history: numbered segments. Only the last one is written to."""

import os
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

from bot.sandbox.platform.recovery.records import Entry, entries, merged

SEGMENT_BYTES = 16 * 2**20
WINDOW_US = 10_000_000


class HistoryFolder:
    """The folder with the segments: a `.log` has one record per commit, and a `.packed` has one per ten seconds."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._last: Path | None = None
        self._last_bytes = 0

    def segments(self) -> list[tuple[int, Path]]:
        """Return the segments by number. If a packed segment's `.log` still exists, only the `.packed` is listed."""
        paths = {int(path.stem): path for suffix in ("log", "packed") for path in self.path.glob(f"*.{suffix}")}
        return sorted(paths.items())

    def append(self, record: bytes) -> None:
        """Add a record to the last segment, or to a new one if that is full or packed.

        The record survives a killed process.
        """
        if self._last is None or self._last_bytes >= SEGMENT_BYTES:
            self._last = self._next_segment()
            self._last_bytes = self._last.stat().st_size if self._last.exists() else 0
        with self._last.open("ab", buffering=0) as file:
            file.write(record)
        self._last_bytes += len(record)

    def _next_segment(self) -> Path:
        number, path = next(reversed(self.segments()), (0, None))
        if path is not None and path.suffix == ".log" and path.stat().st_size < SEGMENT_BYTES:
            return path
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        return self.path / f"{number + 1:08}.log"

    def last(self) -> Entry | None:
        """Return the last record, or None. Cuts off an incomplete record, which a killed process may have left."""
        for _, path in reversed(self.segments()):
            with path.open("rb+") as file:
                found = next(reversed(list(entries(file))), None)
                file.truncate(found.end if found else 0)
            if found:
                return found
        return None

    def sync(self) -> None:
        """Sync the last segment to the disk."""
        for _, path in self.segments()[-1:]:
            for kept in (path, self.path) if os.name == "posix" else (path,):
                descriptor = os.open(kept, os.O_RDONLY if os.name == "posix" else os.O_RDWR)
                try:
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)

    def opened(self, stack: ExitStack) -> list[BinaryIO]:
        """Open all segments, oldest first. They stay readable if they are packed or deleted in the meantime."""
        return [stack.enter_context(path.open("rb")) for _, path in self.segments()]

    def to_pack(self) -> list[Path]:
        """Return the full segments that aren't packed yet."""
        return [path for _, path in self.segments()[:-1] if path.suffix == ".log"]

    @property
    def forgotten_us(self) -> int:
        """Return the time up to which the history was deleted, or 0 if it is complete."""
        try:
            return int((self.path / "forgotten").read_text())
        except (FileNotFoundError, ValueError):
            return 0

    def forget(self, before_us: int, most_bytes: int) -> None:
        """Delete the segments that end before a time, and more of the oldest until the rest has at most `most_bytes`.

        The last segment is never deleted.
        """
        segments = self.segments()
        sizes = {path: path.stat().st_size for _, path in segments}
        for _, path in segments[:-1]:
            with path.open("rb") as file:
                ends_us = max((entry.header.at_us for entry in entries(file)), default=0)
            if ends_us >= before_us and sum(sizes.values()) <= most_bytes:
                return
            self._note_forgotten(max(ends_us, self.forgotten_us))
            path.unlink()
            del sizes[path]

    def _note_forgotten(self, until_us: int) -> None:
        note = self.path / "forgotten.new"
        note.write_text(str(until_us))
        note.replace(self.path / "forgotten")


def pack(path: Path) -> Path:
    """Compress a full segment into a new file, and return that file. `replace` then puts it in the segment's place."""
    packed = path.with_suffix(".packing")
    with path.open("rb") as file, packed.open("wb") as target:
        for record in merged(file, WINDOW_US):
            target.write(record)
        target.flush()
        os.fsync(target.fileno())
    return packed


def replace(path: Path, packed: Path) -> None:
    packed.replace(path.with_suffix(".packed"))
    path.unlink()
