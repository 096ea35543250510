"""No SQLite statement writes with a read-only token, and no token can access anything but its database."""

from typing import Any

import apsw
import pytest

from tests.present import present
from tests.sandbox.platform.hosting import CLOSE, Client, Hosted, stmt

SETUP = """
    CREATE TABLE t(a INTEGER PRIMARY KEY, b UNIQUE); CREATE TABLE spare(a, c); CREATE TABLE order_data(a);
    INSERT INTO t VALUES (1, 'one');
    CREATE INDEX i ON t(b); CREATE VIEW v AS SELECT a FROM t;
    CREATE TRIGGER r INSTEAD OF INSERT ON v BEGIN INSERT INTO t(a) VALUES (new.a); END;
    CREATE VIRTUAL TABLE places USING rtree(id, x0, x1); INSERT INTO places VALUES (1, 2, 3);
    CREATE VIRTUAL TABLE f USING fts5(x); INSERT INTO f VALUES ('word');
"""

# Each action of SQLite's authorizer, with statements that perform it. None if the action writes nothing, and an empty
# list if no statement that is tested here performs it.
ACTIONS: dict[str, list[str] | None] = {
    "SQLITE_CREATE_INDEX": ["CREATE INDEX j ON t(a)", "CREATE UNIQUE INDEX j ON t(a)"],
    "SQLITE_CREATE_TABLE": [
        "CREATE TABLE n(a)",
        "CREATE TABLE n AS SELECT * FROM t",
        "CREATE TABLE IF NOT EXISTS n(a)",
    ],
    "SQLITE_CREATE_TEMP_INDEX": ["CREATE TEMP TABLE n(a UNIQUE)"],
    "SQLITE_CREATE_TEMP_TABLE": ["CREATE TEMP TABLE n(a)", "CREATE TEMP TABLE n AS SELECT 1"],
    "SQLITE_CREATE_TEMP_TRIGGER": ["CREATE TEMP TRIGGER n AFTER INSERT ON t BEGIN DELETE FROM t; END"],
    "SQLITE_CREATE_TEMP_VIEW": ["CREATE TEMP VIEW n AS SELECT 1"],
    "SQLITE_CREATE_TRIGGER": ["CREATE TRIGGER n AFTER INSERT ON t BEGIN DELETE FROM t; END"],
    "SQLITE_CREATE_VIEW": ["CREATE VIEW n AS SELECT 1"],
    "SQLITE_CREATE_VTABLE": ["CREATE VIRTUAL TABLE n USING fts5(x)"],
    "SQLITE_DELETE": ["DELETE FROM t", "DELETE FROM t RETURNING a", "WITH c AS (SELECT 1) DELETE FROM t"],
    "SQLITE_DROP_INDEX": ["DROP INDEX i"],
    "SQLITE_DROP_TABLE": ["DROP TABLE spare", "DROP TABLE IF EXISTS spare"],
    "SQLITE_DROP_TEMP_INDEX": [],
    "SQLITE_DROP_TEMP_TABLE": [],
    "SQLITE_DROP_TEMP_TRIGGER": [],
    "SQLITE_DROP_TEMP_VIEW": [],
    "SQLITE_DROP_TRIGGER": ["DROP TRIGGER r"],
    "SQLITE_DROP_VIEW": ["DROP VIEW v"],
    "SQLITE_DROP_VTABLE": ["DROP TABLE f"],
    "SQLITE_INSERT": [
        "INSERT INTO t VALUES (2, 'two')",
        "INSERT INTO t SELECT 2, 'two'",
        "INSERT INTO t DEFAULT VALUES",
        "INSERT OR IGNORE INTO t VALUES (1, 'one')",
        "INSERT INTO t VALUES (1, 'x') ON CONFLICT DO UPDATE SET b = 'x'",
        "INSERT INTO v VALUES (3)",
        "INSERT INTO t VALUES (4, 'four') RETURNING a",
        "REPLACE INTO t VALUES (1, 'x')",
        "INSERT INTO f VALUES ('x')",
        "INSERT INTO places VALUES (2, 3, 4)",
        "INSERT INTO order_data VALUES (1)",
        "INSERT INTO f_data VALUES (99, x'00')",
        "INSERT INTO places_node VALUES (99, x'00')",
        "INSERT INTO f(f) VALUES ('optimize')",
        "WITH c AS (SELECT 5 AS a) INSERT INTO t(a) SELECT a FROM c",
    ],
    "SQLITE_PRAGMA": [
        "PRAGMA user_version = 7",
        "PRAGMA foreign_keys = 0",
        "PRAGMA user_version",
        "PRAGMA query_only=0",
    ],
    "SQLITE_READ": None,
    "SQLITE_SELECT": None,
    "SQLITE_TRANSACTION": None,
    "SQLITE_UPDATE": [
        "UPDATE t SET b = 'x'",
        "UPDATE t SET b = 'x' FROM spare",
        "UPDATE t SET b = 'x' RETURNING b",
        "UPDATE sqlite_schema SET sql = ''",
        "UPDATE f SET x = 'y'",
    ],
    "SQLITE_ATTACH": ["ATTACH 'beyond.db' AS beyond", "ATTACH ':memory:' AS m"],
    "SQLITE_DETACH": ["DETACH main"],
    "SQLITE_ALTER_TABLE": [
        "ALTER TABLE t RENAME TO u",
        "ALTER TABLE t RENAME COLUMN b TO c",
        "ALTER TABLE t ADD COLUMN c",
        "ALTER TABLE spare DROP COLUMN a",
    ],
    "SQLITE_REINDEX": ["REINDEX", "REINDEX i"],
    "SQLITE_ANALYZE": ["ANALYZE", "ANALYZE t"],
    "SQLITE_FUNCTION": None,
    "SQLITE_SAVEPOINT": None,
    "SQLITE_COPY": [],
    "SQLITE_RECURSIVE": None,
}
WRITES = sorted({sql for statements in ACTIONS.values() for sql in statements or []})
WITHOUT_ACTION = ["VACUUM", "VACUUM INTO 'beyond.db'", "SELECT load_extension('beyond')", "SELECT fts3_tokenizer('x')"]


@pytest.fixture
async def reader(platform: Hosted, orders: Client) -> Client:
    """Return a read-only client of a database that has an object of every kind."""
    assert (await orders.ask({"type": "sequence", "sql": SETUP}, CLOSE)).code() is None
    return Client(platform, "orders", await platform.token("orders", authorization="read-only"))


def contents(platform: Hosted) -> list[str]:
    """Return the version, the schema and the rows of some tables, read from the file without the local Turso."""
    (path,) = platform.turso.plane.folder.glob("*.db")
    connection = apsw.Connection(str(path))
    tables = ("t", "spare", "order_data", "f", "places", "sqlite_schema", "sqlite_sequence")
    found = [str(connection.pragma("user_version"))]
    for table in tables:
        if connection.table_exists("main", table) or table == "sqlite_schema":
            found.append(str(connection.execute(f"SELECT * FROM {table}").fetchall()))
    connection.close()
    return found


def test_every_action_of_sqlite_is_in_the_list() -> None:
    known = {name for name in apsw.mapping_authorizer_function if isinstance(name, str)}

    assert known == ACTIONS.keys()


async def test_no_statement_with_a_read_only_token_writes_in_any_kind_of_request(
    platform: Hosted, reader: Client
) -> None:
    before = contents(platform)
    for sql in WRITES + WITHOUT_ACTION:
        step = {"stmt": {"sql": sql}}
        answer = await reader.ask(
            stmt(sql),
            {"type": "sequence", "sql": f"SELECT 1; {sql}"},
            {"type": "batch", "batch": {"steps": [{"stmt": {"sql": "BEGIN IMMEDIATE"}}, step]}},
            stmt("COMMIT"),
            stmt("SAVEPOINT s"),
            stmt(sql),
            stmt("RELEASE s"),
            {"type": "describe", "sql": sql},
            stmt(f"EXPLAIN {sql}"),
            CLOSE,
        )
        assert all(answer.code(position) for position in (0, 1, 5)), sql
        assert answer[2]["step_errors"][1], sql
        streamed = await reader.post("v3/cursor", json={"batch": {"steps": [step]}})
        assert '"step_error"' in streamed.text, sql

    assert contents(platform) == before
    assert not list(platform.turso.data.rglob("beyond*"))


async def test_the_refusal_of_a_write_has_tursos_message(reader: Client) -> None:
    answer = await reader.run("INSERT INTO t VALUES (2, 'two')")

    assert answer[0] == {
        "code": "BLOCKED",
        "message": "Operation was blocked: SQL write operations are forbidden"
        " (current session doesn't have write permission)",
    }


async def test_a_read_only_token_can_read(reader: Client) -> None:
    for sql in [
        "SELECT a, b FROM t",
        "SELECT a FROM v",
        "SELECT x FROM f WHERE f MATCH 'word'",
        "SELECT id FROM places WHERE x0 > 1",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9) SELECT sum(i) FROM n",
        "VALUES (1), (2)",
        "EXPLAIN INSERT INTO t VALUES (2, 'two')",
        "EXPLAIN QUERY PLAN SELECT * FROM t",
        "PRAGMA table_info(t)",
        "PRAGMA schema_version",
        "SELECT name FROM pragma_table_info('t')",
        "BEGIN IMMEDIATE",
        "BEGIN EXCLUSIVE TRANSACTION",
    ]:
        assert (await reader.run(sql)).code() is None, sql


@pytest.mark.parametrize(
    "begin",
    ["BEGIN IMMEDIATE", "begin exclusive transaction", "/* */ BEGIN -- now\n/* */IMMEDIATE"],
    ids=["immediate", "exclusive", "with comments"],
)
async def test_a_readers_begin_immediate_takes_no_lock(orders: Client, reader: Client, begin: str) -> None:
    opened = await reader.ask(stmt(begin), stmt("SELECT * FROM t"))

    assert (await orders.run("INSERT INTO t VALUES (9, 'nine')")).code() is None
    ended = await reader.ask(stmt("COMMIT"), CLOSE, baton=opened.baton)
    assert ended.code(0) is None, "the transaction wasn't rolled back to let the writer continue"


async def test_the_word_begin_inside_a_readers_statement_is_not_changed(reader: Client) -> None:
    found = await reader.run("SELECT 'begin', 'Begin immediate' AS \"begin\" -- begin exclusive")

    assert found.rows() == [["begin", "Begin immediate"]]


async def test_each_request_of_a_stream_has_the_rights_of_its_own_token(orders: Client, reader: Client) -> None:
    opened = await orders.ask(stmt("BEGIN"), stmt("INSERT INTO t VALUES (5, 'five')"))

    second = await reader.ask(stmt("INSERT INTO t VALUES (6, 'six')"), stmt("COMMIT"), CLOSE, baton=opened.baton)

    assert second.code(0) == "BLOCKED"
    assert (await orders.run("SELECT max(a) FROM t")).rows() == [[5]]


async def test_blocked_writes_are_refused_until_they_are_unblocked(platform: Hosted, orders: Client) -> None:
    await orders.run("CREATE TABLE t(a)")
    path = "/databases/orders/configuration"
    opened = await orders.ask(stmt("SELECT 1"))

    await platform.api("PATCH", path, json={"block_writes": True})
    refused = await orders.ask(stmt("INSERT INTO t VALUES (1)"), stmt("SELECT count(*) FROM t"), baton=opened.baton)
    assert refused[0] == {
        "code": "BLOCKED",
        "message": "Operation was blocked: SQL write operations are forbidden"
        " (writes are blocked, do you need to upgrade your plan?)",
    }
    assert refused.rows(1) == [[0]]

    await platform.api("PATCH", path, json={"block_writes": False})
    assert (await orders.run("INSERT INTO t VALUES (1)")).code() is None


async def test_blocked_reads_refuse_everything_but_the_end_of_a_transaction(platform: Hosted, orders: Client) -> None:
    await orders.run("CREATE TABLE t(a)")
    opened = await orders.ask(stmt("BEGIN"), stmt("INSERT INTO t VALUES (1)"))
    path = "/databases/orders/configuration"

    await platform.api("PATCH", path, json={"block_reads": True})
    for sql in ("SELECT 1", "PRAGMA table_info(t)", "INSERT INTO t VALUES (2)", "BEGIN", "EXPLAIN SELECT 1"):
        refused = await orders.run(sql)
        assert refused.code() == "BLOCKED", sql
    assert refused[0]["message"] == (
        "Operation was blocked: SQL read operations are forbidden"
        " (reads are blocked, do you need to upgrade your plan?)"
    )
    assert (await orders.ask(stmt("COMMIT"), CLOSE, baton=opened.baton)).code() is None

    await platform.api("PATCH", path, json={"block_reads": False})
    assert (await orders.run("SELECT a FROM t")).rows() == [[1]]


async def test_pragmas_that_change_the_connection_are_refused_even_with_full_access(orders: Client) -> None:
    names = [row[0] for row in (await orders.run("SELECT name FROM pragma_pragma_list")).rows()]
    allowed = {"defer_foreign_keys", "foreign_keys", "foreign_key_list", "foreign_key_check", "user_version"}
    allowed |= {"integrity_check", "quick_check", "encoding", "data_version", "freelist_count", "page_count"}
    allowed |= {"table_list", "table_info", "table_xinfo", "index_list", "index_info", "index_xinfo", "stats"}
    allowed |= {"collation_list", "compile_options", "database_list", "function_list", "module_list", "pragma_list"}
    assert len(names) > 50

    for name in sorted(set(names) - allowed):
        answer = await orders.ask(stmt(f"PRAGMA {name} = 1"), stmt(f"PRAGMA {name}(1)"), stmt("PRAGMA synchronous"))
        assert (answer.code(0), answer.code(1)) == ("SQL_PARSE_ERROR",) * 2, name
        assert answer.rows(2) == [[2]], name


@pytest.mark.parametrize(
    "sql", WITHOUT_ACTION + present(ACTIONS["SQLITE_ATTACH"]) + ["SELECT readfile('/etc/passwd')", "DETACH main"]
)
async def test_no_token_reaches_beyond_its_database(platform: Hosted, orders: Client, sql: Any) -> None:
    for hidden in (sql, f"/* x */ ; {sql}", f"-- x\n{sql}", sql.lower()):
        assert (await orders.run(hidden)).code() is not None, hidden

    assert not list(platform.turso.data.rglob("beyond*"))
