"""Masking removes every literal of a statement, however it is quoted, and keeps names and keywords."""

import sqlite3
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.redaction.statements import LONGEST, masked

CANARY = "zqcanary"
NUMBER = "7341905"


@pytest.mark.parametrize(
    ("sql", "shown"),
    [
        ("SELECT id FROM users WHERE email = 'ana@example.com'", "SELECT id FROM users WHERE email = ?"),
        ("select a from t group by a order by 2 desc limit 10", "select a from t group by a order by ? desc limit ?"),
        ("SELECT 'it''s', x'ab', 0x1F, 1_000, .5, 1.5e-3", "SELECT ?, ?, ?, ?, .?, ?"),
        ("INSERT INTO t(a, b) VALUES (?, ?2)", "INSERT INTO t(a, b) VALUES (?, ?)"),
        ('SELECT "u"."id" FROM "users" u WHERE u."mail" = 1', 'SELECT "u"."id" FROM "users" u WHERE u."mail" = ?'),
        ('SELECT 1 FROM t WHERE name = "ana"', "SELECT ? FROM t WHERE name = ?"),
        ('SELECT a IS NOT DISTINCT FROM "ana"', "SELECT a IS NOT DISTINCT FROM ?"),
        ("SELECT a -- of ana\nFROM t /* and ben */", "SELECT a FROM t"),
        ("SELECT /*+ ana */ a FROM `t` WHERE [b] > 3", "SELECT a FROM `t` WHERE [b] > ?"),
        ("UPDATE t SET a=a+1 WHERE b->>'$.x' LIKE '%y'", "UPDATE t SET a=a+? WHERE b->>? LIKE ?"),
        ("PRAGMA key = 'secret'", "PRAGMA key = ?"),
    ],
    ids=lambda text: text[:40],
)  # fmt: skip
def test_literals_are_masked_and_the_rest_is_kept(sql: str, shown: str) -> None:
    assert masked(sql) == shown


@pytest.mark.parametrize("sql", ["", "   ", "SELECT 'ana", "SELECT /* ana", 'SELECT "ana', "SELECT 1, " * LONGEST])
def test_a_statement_that_cannot_be_parsed_is_not_shown(sql: str) -> None:
    assert masked(sql) is None


def escaped(text: str, quote: str) -> str:
    return f"{quote}{text.replace(quote, quote * 2)}{quote}"


around = st.text(st.sampled_from("'\"`[]-/*\\\n\t ;.,()?{}#%$@:=x1é☃"), max_size=6)
secret = st.builds(lambda before, after: f"{before}{CANARY}{after}", around, around)
literals = st.one_of(
    st.builds(lambda text: escaped(text, "'"), secret),
    st.builds(lambda text: escaped(text, '"'), secret),
    st.builds(lambda prefix, text: prefix + escaped(text, "'"), st.sampled_from("xXNbEr"), secret),
    st.sampled_from([NUMBER, f"-{NUMBER}", f"{NUMBER}.5", f"1e{NUMBER}", f"0x{NUMBER}", f"7_{NUMBER}", f".{NUMBER}"]),
)  # fmt: skip
comments = st.one_of(
    st.builds(lambda text: f"--{text.replace(chr(10), ' ')}\n", secret),
    st.builds(lambda sign, text: f"/*{sign}{text.replace('/', '')} */", st.sampled_from(["", "+", "!", "*"]), secret),
)
templates = st.sampled_from(
    ["SELECT {} FROM t", "SELECT a FROM t WHERE b = {}", "INSERT INTO t(a) VALUES ({})", "UPDATE t SET a = {}",
     "SELECT a IS DISTINCT FROM {}", "SELECT a FROM t WHERE b IN (1, {})", "SELECT f({}, ?) OVER (ORDER BY c)",
     "PRAGMA p = {}", "VACUUM INTO {}", "ATTACH {} AS d",
     "EXPLAIN QUERY PLAN SELECT {}", "SELECT a COLLATE NOCASE || {}"]
)  # fmt: skip


@given(templates, literals, st.lists(comments, max_size=2), st.sampled_from(["", ";", "; SELECT 1"]))
def test_no_literal_and_no_comment_survives(template: str, literal: str, notes: list[str], end: str) -> None:
    sql = f"{''.join(notes)}{template.format(literal)} {''.join(notes)}{end}"

    shown = masked(sql) or ""

    assert CANARY not in shown, sql
    assert NUMBER not in shown, sql


@given(st.text(max_size=80))
def test_no_quoted_text_and_no_number_is_ever_shown(sql: str) -> None:
    shown = masked(sql) or ""

    assert "'" not in shown
    assert not any(word[0].isdecimal() for word in shown.replace("(", " ").replace(",", " ").split())


@given(templates, literals)
def test_a_literal_of_sqlite_is_masked_as_a_whole(template: str, literal: str) -> None:
    """SQLite decides what a literal is: an expression that it can evaluate alone."""
    try:
        with sqlite3.connect(":memory:") as connection:
            connection.execute(f"SELECT {literal}").fetchone()
    except (sqlite3.Error, ValueError):
        return
    shown = masked(template.format(literal))
    assert shown is None or shown.replace("-?", "?").replace(".?", "?") == masked(template.format("1"))


def test_masking_the_longest_statement_takes_less_than_two_seconds() -> None:
    masked("SELECT 1")

    def seconds(sql: str) -> float:
        began = time.perf_counter()
        masked(sql)
        return time.perf_counter() - began

    for piece in ("'a' ", "((", '"', "/*", "--\n", "a.", "1_", "GROUP "):
        assert seconds((piece * LONGEST)[:LONGEST]) < 2
