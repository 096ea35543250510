"""Collects every regular expression of the bot, and generates texts that may be slow to match."""

import ast
import importlib
import itertools
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bot

_constants: Any = importlib.import_module("re._constants")
_parser: Any = importlib.import_module("re._parser")

ROOT = Path(bot.__file__).parent
CALLS = {"compile", "match", "search", "fullmatch", "sub", "subn", "findall", "finditer", "split"}
FILLING = "U0BOT"
"""Stands for each value in an f-string."""


def patterns() -> dict[str, re.Pattern[str]]:
    """Return every pattern of the bot by location: compiled ones in modules, and first arguments of `re` functions.

    Patterns in the type of a Pydantic field are left out, because Pydantic matches them in linear time.
    """
    found = dict(_compiled())
    known = {pattern.pattern for pattern in found.values()}
    for where, text in _written():
        if text not in known and not isinstance(text, bytes):
            found[where] = re.compile(text)
    return found


def _compiled() -> Iterator[tuple[str, re.Pattern[str]]]:
    for info in pkgutil.walk_packages(bot.__path__, "bot."):
        if info.name == "bot.__main__" or ".migrations." in info.name:
            continue
        module = importlib.import_module(info.name)
        for name, value in vars(module).items():
            if isinstance(value, re.Pattern) and isinstance(value.pattern, str):
                yield f"{info.name}.{name}", value


def _written() -> Iterator[tuple[str, Any]]:
    for path in sorted(ROOT.rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(source)) if "import re\n" in source else ():
            if isinstance(node, ast.Call) and _is_re(node.func) and node.args and (text := _text(node.args[0])):
                yield f"{path.relative_to(ROOT)}:{node.lineno}", text


def _is_re(called: ast.expr) -> bool:
    return isinstance(called, ast.Attribute) and getattr(called.value, "id", "") == "re" and called.attr in CALLS


def _text(node: ast.expr) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        parts = [one.value if isinstance(one, ast.Constant) else FILLING for one in node.values]
        return "".join(map(str, parts))
    return None


def hostile(pattern: re.Pattern[str], size: int) -> Iterator[str]:
    """Yield texts of about `size` characters that repeat what the pattern matches and end with what it doesn't."""
    pieces = list(dict.fromkeys(_pieces(_parser.parse(pattern.pattern, pattern.flags))))[:8]
    runs = [*pieces, *("".join(pair) for pair in itertools.pairwise([*pieces, *pieces[:1]])), "".join(pieces)]
    for run in runs:
        whole = (run * (size // len(run) + 1))[:size]
        yield whole + "\x00"
        yield pieces[0] + whole + " !"


def _pieces(parsed: Any) -> Iterator[str]:
    """Yield the literal texts of a parsed pattern, a character of each of its sets, and `a`."""
    text = ""
    for kind, value in parsed:
        if kind is _constants.LITERAL:
            text += chr(value)
            continue
        if text:
            yield text
        text = ""
        if kind in (_constants.IN, _constants.NOT_LITERAL, _constants.ANY):
            yield _member(kind, value)
        else:
            yield from itertools.chain.from_iterable(_pieces(one) for one in _inside(value))
    if text:
        yield text
    yield "a"


def _member(kind: Any, value: Any) -> str:
    if kind is not _constants.IN:
        return "a"
    first, what = value[0]
    if first is _constants.LITERAL:
        return chr(what)
    if first is _constants.RANGE:
        return chr(what[0])
    return {_constants.CATEGORY_DIGIT: "1", _constants.CATEGORY_SPACE: " "}.get(what, "a")


def _inside(value: Any) -> Iterator[Any]:
    if isinstance(value, _parser.SubPattern):
        yield value
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _inside(one)
