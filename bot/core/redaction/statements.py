"""Mask SQL statements: literals become `?`, and comments are removed."""

import re
from typing import Final

LONGEST: Final = 20_000
"""The maximum length of a statement, in characters. Longer statements aren't parsed."""
_WORD: Final = re.compile(r"[^\W\d]\w*(?:\s+[^\W\d]\w*)*")
"""A name or a keyword. The tokenizer returns `GROUP BY` as one token."""
_QUOTED: Final = re.compile(r'"[^\W\d]\w*"|`[^\W\d]\w*`|\[[^\W\d]\w*\]')
_SIGN: Final = re.compile(r"[-+*/%=<>!|&~^,;().?]+")
_BEFORE_TABLES: Final = frozenset({"FROM", "JOIN", "UPDATE"})


def masked(sql: str) -> str | None:
    """Return a statement without its literals: `SELECT * FROM users WHERE email = ?`.

    A double-quoted name is kept only where SQLite can't read it as a string: next to a dot, or as a table.

    Returns:
        One line. None if the statement is too long or can't be parsed. Then no part of it may be shown.
    """
    spans = _tokens(sql) if len(sql) <= LONGEST else []
    return "".join(_pieces(sql, spans)) if spans else None


def _tokens(sql: str) -> list[tuple[int, int]]:
    """Return the start and end of each token. Empty if the text can't be parsed."""
    # Imported here because it takes 0.2 s and few commands show SQL.
    from sqlglot.dialects.sqlite import SQLite
    from sqlglot.errors import SqlglotError

    try:
        return [(token.start, token.end + 1) for token in SQLite.Tokenizer().tokenize(sql)]
    except SqlglotError:
        return []


def _pieces(sql: str, spans: list[tuple[int, int]]) -> list[str]:
    texts = [sql[start:end] for start, end in spans]
    pieces: list[str] = []
    for at, text in enumerate(texts):
        is_apart = at == 0 or spans[at][0] > spans[at - 1][1]
        before = pieces[-1] if pieces else ""
        shown = text if _is_kept(texts, at, follows_literal=not is_apart and before == "?") else "?"
        if is_apart and pieces:
            pieces.append(" ")
        elif shown == "?" == before:
            continue  # the rest of a literal: `1_000`
        pieces.append(" ".join(shown.split()))
    return pieces


def _is_kept(texts: list[str], at: int, *, follows_literal: bool) -> bool:
    text = texts[at]
    if _SIGN.fullmatch(text):
        return True
    if follows_literal:
        return False
    if _WORD.fullmatch(text):
        return True
    return _QUOTED.fullmatch(text) is not None and (text[0] != '"' or _is_name(texts, at))


def _is_name(texts: list[str], at: int) -> bool:
    around = (texts[at - 1] if at else "", texts[at + 1] if at + 1 < len(texts) else "")
    if "." in around:
        return True
    two_before = texts[at - 2].upper() if at > 1 else ""
    return around[0].upper() in _BEFORE_TABLES and two_before != "DISTINCT"
