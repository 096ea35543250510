"""The page for operators quotes sentences that are in the code, including all sentences about the store."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from bot.store.connections.failures import SENTENCES
from bot.store.schema.upgrading import REVISIONS
from tests.docs.pages import DOCS, ROOT

PAGE = (DOCS / "production.md").read_text(encoding="utf-8")
WRONG = PAGE.partition("\n## When something is wrong\n")[2]
ANYTHING = "…"
SETTING = re.compile(r"\b[A-Z]{2,}(?:_[A-Z]+)+\b|\bHOST\b|\bPORT\b")
RENAMED = "0008"
"""The first migration after 0.1.0. It renames columns, so old processes can't run at the same time as new ones."""
SHORTEST = 5
"""The minimum length of a piece between two gaps. Shorter pieces would match everywhere."""


def quoted() -> Iterator[str]:
    """Yield the quotes in the first columns of the tables."""
    for line in WRONG.splitlines():
        if line.startswith("| `"):
            yield from re.findall(r"`([^`]+)`", line.split(" | ")[0])


def sentences(root: Path) -> Iterator[str]:
    """Yield every string of the code, with a gap for each value."""
    for file in sorted(root.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                parts = (part.value if isinstance(part, ast.Constant) else ANYTHING for part in node.values)
                yield without_values("".join(map(str, parts)))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield without_values(node.value)


def without_values(text: str) -> str:
    """Return a text without backticks, and with a gap for each setting and each value, or for several in a row."""
    gaps = SETTING.sub(ANYTHING, re.sub(r"\{\w*\}", ANYTHING, text.replace("`", "")))
    return re.sub(f"{ANYTHING}+", ANYTHING, gaps)


def pieces(quote: str) -> list[str]:
    """Return the parts of a quote between its gaps. A sentence must contain them in this order."""
    found = (piece.strip() for piece in without_values(quote).split(ANYTHING))
    return [piece for piece in found if len(piece) >= SHORTEST]


def says(sentence: str, quote: str) -> bool:
    """Return True if the quote is part of this sentence of the code, or is this sentence with values in its gaps.

    Such a value is a number, or also a text of the code.
    """
    if re.search(".*".join(map(re.escape, pieces(quote))), sentence, re.DOTALL):
        return True
    plain = without_values(quote).removeprefix(f"{ANYTHING} ")
    filled = re.fullmatch("(.+)".join(map(re.escape, sentence.split(ANYTHING))), plain, re.DOTALL)
    return filled is not None and all(value.isdigit() or value in values() for value in filled.groups())


@cache
def texts() -> list[str]:
    """Return every string of the bot's code, with gaps."""
    return sorted(set(sentences(ROOT / "bot")))


@cache
def values() -> frozenset[str]:
    """Return the texts of the code, each of which can be a value in another text."""
    return frozenset(text.strip() for text in texts())


@pytest.mark.parametrize("quote", sorted(set(quoted())))
def test_a_quoted_sentence_is_in_the_code(quote: str) -> None:
    assert pieces(quote)
    assert any(says(text, quote) for text in texts())


def test_a_sentence_that_is_not_in_the_code_is_found() -> None:
    assert not any(says(text, "HOST and PORT: nothing can listen on …") for text in texts())


def test_every_sentence_about_the_store_has_a_row() -> None:
    rows = {without_values(quote) for quote in quoted()}

    assert {without_values(sentence) for sentence in SENTENCES.values()} <= rows


def test_every_row_says_what_to_do() -> None:
    rows = [line.split(" | ") for line in WRONG.splitlines() if line.startswith("| `")]

    assert len(rows) > 30
    assert [cells[0] for cells in rows if len(cells) != 3 or len(cells[2]) < 6] == []


def test_every_migration_is_part_of_a_release() -> None:
    """The page names the last migration of each release. The next version has all later ones."""
    notes = PAGE.partition("\n## Upgrade and roll back\n")[2]
    released = [int(last) for _, last in re.findall(r"Migrations (\d{4}) to (\d{4})", notes)]
    later = re.findall(r"Migrations (\d{4}) and later", notes)

    assert list(map(int, later)) == [max(released) + 1] == [int(RENAMED)]
    assert RENAMED in REVISIONS
