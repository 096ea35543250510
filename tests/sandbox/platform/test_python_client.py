"""The third-party Python client `libsql` over real HTTP."""

import shlex
import subprocess
import sys
from collections.abc import Iterator
from typing import Any, Literal

import libsql
import pytest

from bot.sandbox.platform.connect import connect_command, database_url
from tests.sandbox.platform.hosting import Process


@pytest.fixture(scope="module")
def url(server: Process) -> str:
    return server.create("python")


@pytest.fixture
def connection(server: Process, url: str) -> Iterator[Any]:
    connection = libsql.connect(url, auth_token=server.token("python"))
    connection.execute("DROP TABLE IF EXISTS t")
    connection.execute("CREATE TABLE t(a INTEGER PRIMARY KEY, b)")
    connection.commit()
    yield connection
    connection.close()


def test_every_kind_of_value_can_be_written_and_read(connection: Any) -> None:
    values = [None, 2**62, -1, 1.5, "für 🐢", b"\x00\x01\xff"]
    cursor = connection.executemany("INSERT INTO t(b) VALUES (?)", [(value,) for value in values])
    connection.commit()

    assert cursor.lastrowid == len(values)
    rows = connection.execute("SELECT b FROM t ORDER BY a").fetchall()
    assert [row[0] for row in rows] == values
    cursor = connection.execute("SELECT a, b FROM t WHERE a > ? ORDER BY a", (3,))
    assert [column[0] for column in cursor.description] == ["a", "b"]
    assert cursor.fetchone() == (4, 1.5)
    assert cursor.fetchmany(1) == [(5, "für 🐢")]
    assert len(cursor.fetchall()) == 1


def test_a_transaction_is_committed_or_rolled_back(connection: Any, server: Process, url: str) -> None:
    connection.execute("INSERT INTO t(b) VALUES ('kept')")
    assert connection.in_transaction
    connection.commit()
    connection.execute("INSERT INTO t(b) VALUES ('dropped')")
    connection.rollback()

    other = libsql.connect(url, auth_token=server.token("python"))
    assert other.execute("SELECT b FROM t").fetchall() == [("kept",)]
    other.close()


def test_a_stream_is_idle_when_the_last_line_of_its_cursor_arrives(connection: Any) -> None:
    """The client disconnects at the last line, and immediately reconnects with the stream's baton."""
    for number in range(300):
        assert connection.execute("SELECT ?", (number,)).fetchall() == [(number,)]


def test_scripts_run_completely(connection: Any) -> None:
    connection.executescript("INSERT INTO t(b) VALUES (1); INSERT INTO t(b) VALUES (2);")
    connection.commit()

    assert connection.execute("SELECT count(*) FROM t").fetchone() == (2,)


def test_changes_are_counted(connection: Any) -> None:
    connection.execute("INSERT INTO t(b) VALUES (1), (2), (3)")
    cursor = connection.execute("UPDATE t SET b = 0 WHERE a > 1")
    connection.commit()

    assert cursor.rowcount == 2


def test_errors_of_statements_have_their_code(connection: Any) -> None:
    connection.execute("INSERT INTO t VALUES (1, 1)")
    connection.commit()
    for sql, code in [("INSERT INTO t VALUES (1, 1)", "SQLITE_CONSTRAINT"), ("SELEKT", "SQL_PARSE_ERROR")]:
        with pytest.raises(ValueError, match=code):
            connection.execute(sql)


def test_a_connection_is_refused_right_after_a_rotation(server: Process) -> None:
    url = server.create("rotating")
    connection = libsql.connect(url, auth_token=server.token("rotating"))
    assert connection.execute("SELECT 1").fetchall() == [(1,)]

    server.api("POST", "/databases/rotating/auth/rotate")

    with pytest.raises(ValueError, match="401"):
        connection.execute("SELECT 1")
    fresh = libsql.connect(url, auth_token=server.token("rotating"))
    assert fresh.execute("SELECT 1").fetchall() == [(1,)]


def test_a_one_minute_token_is_refused_after_its_time(server: Process, url: str) -> None:
    connection = libsql.connect(url, auth_token=server.token("python", expiration="1m"))
    assert connection.execute("SELECT 1").fetchall() == [(1,)]

    server.http.post("/_admin/time", json={"offset": 125})

    with pytest.raises(ValueError, match="expired"):
        connection.execute("SELECT 1")
    server.http.post("/_admin/time", json={"offset": 0})


def test_a_read_only_connection_can_read_and_not_write(server: Process, url: str) -> None:
    connection = libsql.connect(url, auth_token=server.token("python", authorization="read-only"))

    assert connection.execute("SELECT 1").fetchall() == [(1,)]
    with pytest.raises(ValueError, match="BLOCKED"):
        connection.execute("CREATE TABLE nope(a)")


def test_a_blocked_database_responds_like_turso_and_works_again_when_unblocked(
    server: Process, connection: Any
) -> None:
    server.api("PATCH", "/databases/python/configuration", json={"block_writes": True})
    with pytest.raises(ValueError, match="writes are blocked, do you need to upgrade your plan"):
        connection.execute("INSERT INTO t(b) VALUES (1)")
    server.api("PATCH", "/databases/python/configuration", json={"block_writes": False})

    connection.rollback()
    connection.execute("INSERT INTO t(b) VALUES (1)")
    connection.commit()


def test_a_clients_reads_and_writes_are_in_the_usage(server: Process) -> None:
    url = server.create("metered")
    connection = libsql.connect(url, auth_token=server.token("metered"))
    connection.execute("CREATE TABLE t(a)")
    connection.commit()
    connection.executemany("INSERT INTO t VALUES (?)", [(1,), (2,), (3,)])
    connection.commit()
    before = server.usage("metered")

    assert len(connection.execute("SELECT * FROM t").fetchall()) == 3

    after = server.usage("metered")
    assert before["rows_written"] == after["rows_written"] == 3
    assert after["rows_read"] - before["rows_read"] == 3
    assert after["storage_bytes"] == 2 * 4096


@pytest.mark.parametrize("client", ["curl", "python"])
def test_the_command_to_paste_works(
    server: Process, url: str, connection: Any, client: Literal["curl", "python"]
) -> None:
    hostname = server.api("GET", "/databases/python")["database"]["Hostname"]
    command = connect_command(hostname, server.token("python"), client=client, sql="SELECT 'it''s', 'pasted'")

    words = shlex.split(command)
    words[0] = {"python3": sys.executable}.get(words[0], words[0])
    done = subprocess.run(words, capture_output=True, text=True, timeout=30)

    assert done.returncode == 0, done.stderr
    assert "it's" in done.stdout
    assert "pasted" in done.stdout


def test_a_database_url_ends_in_a_slash_and_has_the_scheme_of_its_host() -> None:
    assert database_url("127.0.0.1:8080/db/orders") == "http://127.0.0.1:8080/db/orders/"
    assert database_url("orders-acme.turso.io") == "https://orders-acme.turso.io/"
    assert database_url("orders-acme.turso.io", scheme="libsql") == "libsql://orders-acme.turso.io/"
