"""The lexical rules of SQL that the data plane needs: comments, the first word, parameters and `BEGIN`."""

import re

_BLANK = re.compile(r"(?:[\s;\ufeff]++|--[^\n]*(?:\n|$)|/\*.*?(?:\*/|$))*+", re.DOTALL)
_WORD = re.compile(r"[A-Za-z]*")
_READ_ONLY_BEGIN = re.compile(r"BEGIN(?:\s+TRANSACTION)?\s+READONLY\b", re.IGNORECASE)
_BEGIN = re.compile(r"BEGIN(?:\s+(?:DEFERRED|IMMEDIATE|EXCLUSIVE))?\b", re.IGNORECASE)
# Matches parameters, and also strings, comments and words, in which a sign such as `:` doesn't start a parameter.
_PARAMETER = re.compile(
    r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*(?:\]|$)|--[^\n]*|/\*.*?(?:\*/|$)|[^\W\d]\w*"""
    r"|(?P<parameter>[:@$#][\w$]+(?:::\w+)*(?:\([^)\s]*\))?)",
    re.DOTALL,
)


def skip_blank(sql: str, start: int = 0) -> int:
    """Return the position of the next statement: after the spaces, comments and semicolons at `start`."""
    match = _BLANK.match(sql, start)
    return match.end() if match else start


def is_blank(sql: str, start: int = 0) -> bool:
    """Return True if no statement follows `start`."""
    return skip_blank(sql, start) >= len(sql)


def first_word(sql: str) -> str:
    """Return the keyword that a statement starts with, in capitals."""
    match = _WORD.match(sql, skip_blank(sql))
    return match.group().upper() if match else ""


def full_names(sql: str, names: tuple[str | None, ...]) -> tuple[str | None, ...]:
    """Return the parameters' names as they are written in the statement: with a sign such as `:` or `@`.

    A parameter without a name stays None.
    """
    written = list(dict.fromkeys(match["parameter"] for match in _PARAMETER.finditer(sql) if match["parameter"]))
    full: list[str | None] = []
    for name in names:
        parameter_found = next((parameter for parameter in written if parameter[1:] == name), None)
        if parameter_found is not None:
            written.remove(parameter_found)
        full.append(parameter_found or (f"?{name}" if name else None))
    return tuple(full)


def begins_read_only(sql: str) -> bool:
    """Return True for libSQL's `BEGIN READONLY`, which stock SQLite doesn't support."""
    return _READ_ONLY_BEGIN.match(sql, skip_blank(sql)) is not None


def without_readonly(sql: str) -> str:
    """Return the statement without `READONLY`, for stock SQLite."""
    return _READ_ONLY_BEGIN.sub("BEGIN", sql, count=1)


def without_lock(sql: str) -> str:
    """Return a `BEGIN` that takes no write lock, for sessions that may not write."""
    return _BEGIN.sub("BEGIN", sql, count=1)
