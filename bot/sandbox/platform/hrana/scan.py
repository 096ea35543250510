"""The lexical rules of SQL that the data plane needs: comments, the first word, parameters and `BEGIN`."""

import re

_BLANK = re.compile(r"(?:[\s;\ufeff]++|--[^\n]*(?:\n|$)|/\*.*?(?:\*/|$))*+", re.DOTALL)
_WORD = re.compile(r"[A-Za-z]*")
_GAP = r"(?:\s|--[^\n]*\n|/\*.*?\*/)++"
_READ_ONLY_BEGIN = re.compile(rf"BEGIN(?:{_GAP}TRANSACTION)?{_GAP}READONLY\b", re.IGNORECASE | re.DOTALL)
_BEGIN = re.compile(rf"BEGIN{_GAP}(?:DEFERRED|IMMEDIATE|EXCLUSIVE)\b", re.IGNORECASE | re.DOTALL)
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
    """Return the keyword that a statement starts with, in capitals. Empty if it starts with something else."""
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
    """Replace `BEGIN READONLY` at the start of a statement with `BEGIN`, for stock SQLite. Leave others unchanged."""
    return _with_plain_begin(_READ_ONLY_BEGIN, sql)


def without_lock(sql: str) -> str:
    """Replace `BEGIN IMMEDIATE`, `EXCLUSIVE` or `DEFERRED` at the start of a statement with `BEGIN`.

    A plain `BEGIN` takes no write lock, so this is for sessions that may not write. Other statements stay unchanged.
    """
    return _with_plain_begin(_BEGIN, sql)


def _with_plain_begin(begin: re.Pattern[str], sql: str) -> str:
    match = begin.match(sql, skip_blank(sql))
    return sql if match is None else f"{sql[: match.start()]}BEGIN{sql[match.end() :]}"
