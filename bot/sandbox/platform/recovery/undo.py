"""Undo the commits of a file that came after a time."""

from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from bot.sandbox.platform.recovery.records import Entry, entries


def undo(target: Path, segments: Sequence[BinaryIO], at_us: int) -> None:
    """Write into a copy what the pages held after the last commit that was made at this time or before."""
    recorded = [(file, entry) for file in segments for entry in entries(file)]
    kept = max((number for number, (_, entry) in enumerate(recorded, 1) if entry.header.at_us <= at_us), default=0)
    undone = recorded[kept:]
    if undone:
        with target.open("r+b") as file:
            _write(file, undone)


def _write(file: BinaryIO, undone: Sequence[tuple[BinaryIO, Entry]]) -> None:
    """Write each page as the first of these commits that changed it found it."""
    first = undone[0][1].header
    written: set[int] = set()
    for segment, entry in undone:
        for page, content in entry.pages(segment).items():
            if page not in written and page <= first.size_pages:
                file.seek((page - 1) * first.page_bytes)
                file.write(content)
                written.add(page)
    file.truncate(first.size_pages * first.page_bytes)
