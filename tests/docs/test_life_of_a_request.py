"""The files and functions that the page "Life of a request" names exist."""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.docs.pages import DOCS, ROOT

TEXT = (DOCS / "life-of-a-request.md").read_text(encoding="utf-8")
STEP = re.compile(r"^\| \d+ \| .+ \| (.+?) \| (.+?) \|$", re.MULTILINE)
IMPLEMENTATION = re.compile(r"^\| `[\w/]+\.py: \w+` \| (.+) in (`[\w/]+\.py`(?: and `[\w/]+\.py`)*) \|$", re.MULTILINE)
PLACES = [
    pytest.param(files, names, id=f"{files} {names}".replace("`", ""))
    for files, names in [*STEP.findall(TEXT), *((file, names) for names, file in IMPLEMENTATION.findall(TEXT))]
]


def missing(files: str, names: str) -> list[str]:
    """Return the files that don't exist, and the names that none of the files defines."""
    paths = [ROOT / "bot" / path for path in _quoted(files)]
    gone = [str(path.relative_to(ROOT / "bot")) for path in paths if not path.is_file()]
    defined = {name for path in paths if path.is_file() for name in _defined(ast.parse(path.read_text("utf-8")))}
    return [*gone, *(name for name in _quoted(names) if name not in defined)]


def _quoted(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def _defined(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id
        if isinstance(node, ast.Assign):
            yield from (target.id for target in node.targets if isinstance(target, ast.Name))


@pytest.mark.parametrize(("files", "names"), PLACES)
def test_a_step_names_existing_files_and_functions(files: str, names: str) -> None:
    assert missing(files, names) == []


def test_every_row_of_the_page_is_checked() -> None:
    other_rows = ("| #", "| ---", "| Protocol ")
    rows = [line for line in TEXT.splitlines() if line.startswith("| ") and not line.startswith(other_rows)]

    assert len(PLACES) == len(rows)


@pytest.mark.parametrize(
    ("files", "names", "gone"),
    [
        pytest.param("`pipeline/gone.py`", "`gone`", ["pipeline/gone.py", "gone"], id="a file"),
        pytest.param("`pipeline/approval/votes.py`", "`vote`, `gone`", ["gone"], id="a function"),
    ],
)
def test_a_removed_file_or_function_is_found(files: str, names: str, gone: list[str]) -> None:
    assert missing(files, names) == gone
