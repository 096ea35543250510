"""Undoes the commits that were made after a time."""

from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from bot.sandbox.platform.recovery.records import Entry, entries


def undo(target: Path, segments: Sequence[BinaryIO], at_us: int) -> None:
    """Write old pages into a copy, so that it has the state after the last commit that was made at or before a time."""
    recorded = [(file, entry) for file in segments for entry in entries(file)]
    kept = max((number for number, (_, entry) in enumerate(recorded, 1) if entry.header.at_us <= at_us), default=0)
    undone = recorded[kept:]
    if undone:
        with target.open("r+b") as file:
            _write(file, undone)


def _write(file: BinaryIO, undone: Sequence[tuple[BinaryIO, Entry]]) -> None:
    """Write the content that each page had before the first of these commits."""
    first = undone[0][1].header
    written: set[int] = set()
    for segment, entry in undone:
        for page, content in entry.pages(segment).items():
            if page not in written and page <= first.size_pages:
                file.seek((page - 1) * first.page_bytes)
                file.write(content)
                written.add(page)
    file.truncate(first.size_pages * first.page_bytes)
