"""CONTRIBUTING.md and docs/contributing.md name files, folders and names that exist."""

import re
from pathlib import Path

import pytest

from tests.docs.pages import DOCS, ROOT

MAP = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
PAGES = [MAP, (DOCS / "contributing.md").read_text("utf-8")]
PATH = re.compile(r"`((?:bot|tests|docs|bench|tools)/[\w./-]+)`")
NAMES = re.compile(r"`(bot/[\w/]+\.py)` \(([^)]*)\)")
"""Matches a file, and in parentheses the names that it defines."""
ROW = re.compile(r"^\| (?!---|To change|To add)(.+?) \| (.+) \|$", re.MULTILINE)


def missing_paths(text: str) -> list[str]:
    """Return the paths in a text that don't exist."""
    return [path for path in PATH.findall(text) if not (ROOT / path).exists()]


def missing_names(text: str) -> list[str]:
    """Return `file: name` for each name that isn't defined in the file before it."""
    return [
        f"{path}: {name}"
        for path, names in NAMES.findall(text)
        for name in re.findall(r"`(\w+)`", names)
        if not _defines(ROOT / path, name)
    ]


def _defines(path: Path, name: str) -> bool:
    source = path.read_text("utf-8")
    defined = rf"^\s*(?:async )?(?:def|class) {name}\b|^{name}\b.*=|^    {name}: "  # or a field of a class
    return re.search(defined, source, re.MULTILINE) is not None


@pytest.mark.parametrize("text", PAGES, ids=["CONTRIBUTING.md", "docs/contributing.md"])
def test_every_path_and_name_exists(text: str) -> None:
    assert PATH.search(text)
    assert missing_paths(text) == []
    assert missing_names(text) == []


def test_every_task_names_a_path_and_is_listed_once() -> None:
    rows = ROW.findall(MAP)

    assert len(rows) >= 40
    assert [task for task, place in rows if not PATH.search(place)] == []
    assert len({task for task, _ in rows}) == len(rows)


def test_a_missing_path_or_name_is_found() -> None:
    assert missing_paths("See `bot/gone.py`.") == ["bot/gone.py"]
    assert missing_names("See `bot/errors.py` (`BotError`, `Gone`).") == ["bot/errors.py: Gone"]
    assert missing_names("See `bot/turso/calls.py` (`CallLimits`: `whole`, `gone`).") == ["bot/turso/calls.py: gone"]
