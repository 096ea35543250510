"""Finds every sentence in the source that people may read in Slack. It uses the syntax tree, so none is missed."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = (
    "errors.py",
    "core",
    "turso",
    "blocks",
    "commands",
    "pipeline",
    "app",
    "slack",
    "oncall",
    "settings/__init__.py",
    "durable/durable.py",
    "durable/outages.py",
    "store/store.py",
    "store/repositories/audit.py",
)
"""The packages and modules with texts for Slack.

The other modules of `settings`, `durable` and `store` have only SQL and texts for the command line. The sandbox
isn't the bot.
"""
SILENT_CALLS = frozenset({"debug", "info", "warning", "error", "exception", "critical", "re.compile", "with_name"})
"""Calls with texts that people in Slack don't read: log lines, patterns and file names."""
SILENT_ERRORS = frozenset({"ValueError", "TypeError", "RuntimeError", "AssertionError", "LookupError", "KeyError"})
"""Errors for programmers. The bot shows only its own errors."""
_SENTENCE = re.compile(r"[A-Za-z`}*.,:;)]+ +[\w`{*:<(–·+'\"]")
_PLACE = "{}"


@dataclass(frozen=True, slots=True)
class Sentence:
    """A text with `{}` where something is filled in."""

    path: str
    line: int
    template: str

    def is_on(self, page: str) -> bool:
        """Return True if a page shows the sentence with any values: all its own words, in order, in one paragraph."""
        pieces = [" ".join(piece.split()) for piece in self.template.split(_PLACE) if piece.strip()]
        if not all(piece in _in_one_line(page) for piece in pieces):
            return False  # a fast check that excludes most sentences. The expression takes a hundred times as long.
        expressions = (re.escape(piece).replace(r"\ ", r"\s+") for piece in pieces)
        return re.search(r"[^\n]*?".join(expressions), page) is not None


@cache
def _in_one_line(page: str) -> str:
    return " ".join(page.split())


def sentences() -> list[Sentence]:
    """Return the sentences in the order of files and lines."""
    found = []
    for path in sorted(_files()):
        tree = ast.parse(path.read_text("utf-8"))
        name = str(path.relative_to(ROOT))
        found += [Sentence(name, line, text) for line, text in _texts(tree) if _SENTENCE.search(text)]
    return found


def _files() -> Iterator[Path]:
    for source in SOURCES:
        path = ROOT / "bot" / source
        yield from path.rglob("*.py") if path.is_dir() else [path]


def _texts(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for child in ast.iter_child_nodes(tree):
        if _is_docstring(child) or _is_silent(child):
            continue
        if isinstance(child, ast.JoinedStr):
            yield child.lineno, _template(child)
            for part in child.values:
                if isinstance(part, ast.FormattedValue):
                    yield from _texts(part)
        elif isinstance(child, ast.Constant):
            if isinstance(child.value, str):
                yield child.lineno, child.value
        else:
            yield from _texts(child)


def _template(text: ast.JoinedStr) -> str:
    return "".join(str(one.value) if isinstance(one, ast.Constant) else _PLACE for one in text.values)


def _is_docstring(node: ast.AST) -> bool:
    """Return True for a docstring, and for the text under a constant or field."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_silent(node: ast.AST) -> bool:
    if isinstance(node, ast.Assert):
        return True
    if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
        return ast.unparse(node.exc.func) in SILENT_ERRORS
    if not isinstance(node, ast.Call):
        return False
    name = ast.unparse(node.func)
    return name in SILENT_CALLS or (name.startswith("log.") and name.removeprefix("log.") in SILENT_CALLS)
