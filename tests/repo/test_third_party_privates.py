"""The code uses no private module, name or attribute of a third-party package.

A private attribute is recognized by its name, not by its type: if our code doesn't define it, it belongs to a library.
"""

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
OURS = ("bot", "bench", "tests", "tools")
DOTTED = re.compile(r"[a-z]\w*(\.\w+)+")
PRIVATE = re.compile(r"_[^_].*")
ALLOWED_IMPORTS = {"bot/store/schema/_dbos_schema.py": "DBOS publishes no way to ask whether a migration is left to do"}
ALLOWED_ATTRIBUTES = {
    "_mapping": "SQLAlchemy documents `Row._mapping`; its underscore keeps it apart from columns",
    "_exit": "`os._exit` is documented",
    "_getframe": "`sys._getframe` is documented",
    "_actions": "argparse, of the standard library, publishes no list of its arguments",
    "_HelpAction": "argparse publishes no other name for this class",
    "_SubParsersAction": "argparse publishes no other name for this class",
}
ALLOWED_OVERRIDES = {"_split_scope": "pytest-xdist: its schedulers are made to be subclassed by this method"}


def is_private(name: str) -> bool:
    """Return True for `_name`, `internals` and names that end in `_internals`."""
    return bool(PRIVATE.fullmatch(name)) or name == "internals" or name.endswith("_internals")


def is_third_party(module: str) -> bool:
    """Return True for a module that is neither ours nor in the standard library."""
    return module.split(".")[0] not in (*OURS, *sys.stdlib_module_names)


@cache
def packages() -> frozenset[str]:
    """Return the names of the installed packages that are folders."""
    folders = [Path(path) for path in sys.path if path.endswith("site-packages")]
    return frozenset(path.name for folder in folders for path in folder.iterdir() if path.is_dir())


@dataclass
class Findings:
    """The private names in one file."""

    imports: list[tuple[int, str]] = field(default_factory=list)
    """Imports of private parts of libraries, and such names in strings."""
    attributes: list[tuple[int, str, bool]] = field(default_factory=list)
    """Uses of private attributes: the line, the name, and whether it is an attribute of `super()`."""
    defined: set[str] = field(default_factory=set)
    """Names of the functions, classes, variables and attributes that the file defines."""

    def foreign(self, ours: set[str]) -> Iterator[tuple[int, str]]:
        """Yield the line and name of each private attribute that isn't in `ours`, the names that our code defines."""
        for line, name, is_super in self.attributes:
            is_foreign = name not in ours or (is_super and name not in ALLOWED_OVERRIDES)
            if is_foreign and name not in ALLOWED_ATTRIBUTES:
                yield line, name


def read(source: str) -> Findings:
    """Collect the private names of a file."""
    found = Findings()
    for node in ast.walk(ast.parse(source)):
        imported: list[str] = []
        match node:
            case ast.Import():
                imported = [alias.name for alias in node.names]
            case ast.ImportFrom(module=str(module), level=0):
                imported = [f"{module}.{alias.name}" for alias in node.names]
            case ast.Constant(value=str(value)):
                imported = [value] if DOTTED.fullmatch(value) and value.split(".")[0] in packages() else []
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                found.defined.add(node.name)
            case ast.Name(id=name, ctx=ast.Store()):
                found.defined.add(name)
            case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name, ctx=ast.Store()):
                found.defined.add(name)
            case ast.Attribute(attr=name) if PRIVATE.fullmatch(name):
                found.attributes.append((node.lineno, name, called(node.value) == "super"))
            case ast.Call(args=[_, ast.Constant(value=str(name)), *_]) if PRIVATE.fullmatch(name):
                if called(node) in ("getattr", "hasattr", "setattr"):
                    found.attributes.append((node.lineno, name, False))
        found.imports += [
            (node.lineno, name)  # type: ignore[attr-defined]
            for name in imported
            if is_third_party(name) and any(is_private(part) for part in name.split("."))
        ]
    return found


def called(node: ast.AST) -> str:
    """Return the name of the called function. Empty if the node isn't a call of a plain name."""
    return node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""


@cache
def files() -> dict[str, Findings]:
    """Return the findings of each of our files."""
    paths = sorted(path for name in OURS for path in (ROOT / name).rglob("*.py"))
    return {str(path.relative_to(ROOT)): read(path.read_text(encoding="utf-8")) for path in paths}


def test_nothing_private_of_a_library_is_imported() -> None:
    assert [
        f"{path}:{line} imports {name}"
        for path, found in files().items()
        for line, name in found.imports
        if path not in ALLOWED_IMPORTS
    ] == []


def test_no_private_attribute_of_a_library_is_used() -> None:
    ours = set().union(*(found.defined for found in files().values()))
    used = [f"{path}:{line} uses {name}" for path, found in files().items() for line, name in found.foreign(ours)]

    assert used == []


def test_an_import_of_a_private_part_is_found() -> None:
    for source in (
        "from slack_bolt.request.async_internals import build_async_context",
        "from slack_bolt.adapter.socket_mode import internals",
        "import dbos._migration",
        "from dbos import _migration",
        "monkeypatch.setattr('slack_sdk.web.base_client._x', 1)",
    ):
        assert read(source).imports, source
    for source in ("import slack_sdk.signature", "from bot.store import _dbos_schema", "import os._x", "'a._b'"):
        assert not read(source).imports, source


def test_a_private_attribute_of_a_library_is_found() -> None:
    for source in (
        "app._async_listeners",
        "self._framework_logger",
        "getattr(x, '_labelnames')",
        "super()._ours()",
        "x._new = 1",
    ):
        assert list(read(source).foreign({"_ours"})), source
    for source in ("self._ours", "x.__dict__", "row._mapping", "_local", "self._new = 1"):
        assert not list(read(source).foreign({"_ours"})), source
