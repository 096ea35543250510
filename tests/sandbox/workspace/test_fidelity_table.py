"""The fidelity table in docs/workspace.md: its tests exist, its counts are right, and nine of ten rows are enforced."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from tests.present import present

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "docs" / "workspace.md").read_text()
ROW = re.compile(r"^\| (\d+) \| (.+) \| (enforced|partly|not) \| `?([^|`]*)`? \|$", re.MULTILINE)
ROWS = [(int(number), state, test) for number, _, state, test in ROW.findall(TEXT)]


def test_the_stated_number_of_rows_is_right() -> None:
    stated = [
        int(each) for each in present(re.search(r"(\d+) rows, (\d+) enforced, (\d+) partly, (\d+) not", TEXT)).groups()
    ]
    counted = [sum(state == each for _, state, _ in ROWS) for each in ("enforced", "partly", "not")]

    assert [number for number, _, _ in ROWS] == list(range(1, len(ROWS) + 1))
    assert stated == [len(ROWS), *counted]


def test_at_least_nine_of_ten_rows_are_enforced() -> None:
    assert sum(state == "enforced" for _, state, _ in ROWS) >= 0.9 * len(ROWS)


def test_every_row_names_a_test_that_exists() -> None:
    missing = [row for row in ROWS if row[1] != "not" and not _exists(row[2])]

    assert missing == []


def _exists(named: str) -> bool:
    path, _, name = named.partition("::")
    file = ROOT / "tests" / "sandbox" / path
    if not file.is_file():
        return False
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return any(isinstance(node, kinds) and node.name == name for node in ast.parse(file.read_text()).body)
