"""No line of a docstring ends far too early, as lines do after words were replaced."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
FILES = [path for folder in ("bot", "tools", "bench") for path in sorted((ROOT / folder).rglob("*.py"))]
MARGIN = 60
"""A line ends too early if the first word of the next line would end within this many characters."""
ENTRY = re.compile(r"\s*[\w, *`]+: ")
"""An entry of `Args`, `Raises` and the like."""


def docstrings(source: str) -> Iterator[ast.Constant]:
    """Yield the docstrings of a module, its classes, functions and attributes."""
    for node in ast.walk(ast.parse(source)):
        body = getattr(node, "body", None)
        for statement in body if isinstance(body, list) else []:
            if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
                yield statement.value


def broken_wraps(source: str) -> list[int]:
    """Return the numbers of the docstrings' lines that end too early."""
    lines = source.split("\n")
    return [
        number
        for found in docstrings(source)
        for number in range(found.lineno, found.end_lineno or 0)
        if _ends_too_early(lines[number - 1], lines[number])
    ]


def _ends_too_early(line: str, following: str) -> bool:
    if not line.strip() or not following.strip(' "') or line.rstrip().endswith(":"):
        return False
    if ENTRY.match(line) or ENTRY.match(following) or "http" in line or _indent(line) != _indent(following):
        return False
    return len(line) + 1 + len(following.split()[0]) <= MARGIN


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def test_no_line_of_a_docstring_ends_too_early() -> None:
    found = {str(path.relative_to(ROOT)): broken_wraps(path.read_text("utf-8")) for path in FILES}

    assert {path: numbers for path, numbers in found.items() if numbers} == {}


def test_a_line_that_ends_too_early_is_found() -> None:
    assert broken_wraps('"""Do it.\n\nIt is a line and\nanother one.\n"""\n') == [3]
    assert broken_wraps('"""Do it.\n\nArgs:\n    one: this.\n    two: that.\n"""\n') == []
