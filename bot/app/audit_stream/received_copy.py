"""Verifies a receiver's copy of the audit log. Its entries may be in any order and repeated."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from bot.core.audit import GENESIS
from bot.core.audit_formats import ReceivedEntry, parse_line
from bot.errors import BotError


class BrokenCopy(BotError):
    """Raised if a copy isn't valid. The message names the line or the entry."""


@dataclass(frozen=True, slots=True)
class Copy:
    """The contiguous range of entries in a copy, from `first` to `last`. Both are 0 for an empty copy."""

    first: int
    last: int
    head: str


def verify_copy(path: Path, head: str | None = None) -> Copy:
    """Verify a received copy of the log, in constant memory.

    Args:
        head: a posted head, which the copy must contain.
    Raises:
        BrokenCopy: entries are missing between others, don't match the ones before them, are repeated with a difference
            or cut off, or the copy doesn't contain `head`. An edit of the first entry is only found if it is number 1.
        BotError: the file can't be read.
    """
    # A temporary SQLite database sorts the entries, on disk if there are many.
    with closing(sqlite3.connect("")) as entries:
        entries.execute("CREATE TABLE entries (seq INTEGER PRIMARY KEY, hash TEXT, text TEXT)")
        try:
            with path.open(encoding="utf-8", newline="\n") as lines:
                for number, line in enumerate(lines, start=1):
                    _add(entries, number, line)
        except (OSError, UnicodeDecodeError):
            raise BotError(f"`{path}` can't be read.") from None
        return _verify(_in_order(entries), head)


def entry_range(first: int, last: int) -> str:
    """Format a range of entries: `entry 3`, `entries 3 to 5`."""
    return f"entry {first}" if first == last else f"entries {first} to {last}"


def _add(entries: sqlite3.Connection, number: int, line: str) -> None:
    if not line.strip():
        return
    try:
        entry = parse_line(line)
    except ValueError:
        raise BrokenCopy(f"Line {number} isn't an audit log entry, or is cut off.") from None
    row = entry.seq, entry.hash, entry.text
    if entries.execute("INSERT OR IGNORE INTO entries VALUES (?, ?, ?)", row).rowcount:
        return
    before = entries.execute("SELECT seq, hash, text FROM entries WHERE seq = ?", (entry.seq,)).fetchone()
    if before != row:
        raise BrokenCopy(f"Line {number} repeats entry {entry.seq}, but differs from what was received before.")


def _in_order(entries: sqlite3.Connection) -> Iterator[ReceivedEntry]:
    for row in entries.execute("SELECT seq, hash, text FROM entries ORDER BY seq"):
        yield ReceivedEntry(*row)


def _verify(entries: Iterator[ReceivedEntry], head: str | None) -> Copy:
    first, last, previous, is_there = 0, 0, GENESIS, head in (None, GENESIS)
    for entry in entries:
        if last and entry.seq != last + 1:
            raise BrokenCopy(f"Missing: {entry_range(last + 1, entry.seq - 1)}.")
        first = first or entry.seq
        # The entry before the first one is in another copy, so its hash isn't known here.
        if (last or entry.seq == 1) and not entry.follows(previous):
            raise BrokenCopy(
                f"Entry {entry.seq} doesn't match the one before it: one of them was edited."
                if last
                else "Entry 1 doesn't match its hash: it was edited."
            )
        last, previous = entry.seq, entry.hash
        is_there = is_there or entry.hash == head
    if not is_there:
        raise BrokenCopy(f"The copy ends at entry {last} without the posted hash: entries were removed or replaced.")
    return Copy(first, last, previous)
