"""apsw describes statements without running them, traces and authorizes them, and reports commits."""

from pathlib import Path
from typing import Any

import apsw
import pytest
from apsw.ext import query_info


@pytest.fixture
def connection() -> apsw.Connection:
    connection = apsw.Connection(":memory:", statementcachesize=0)
    connection.execute("CREATE TABLE t (a, b TEXT)")
    return connection


def test_a_statement_is_described_with_its_parameters_and_does_not_run(connection: apsw.Connection) -> None:
    found = query_info(connection, "INSERT INTO t VALUES (:a, ?) RETURNING b; SELECT 1")

    assert list(found.bindings_names) == ["a", None]
    assert found.description == (("b", "TEXT"),)
    assert found.first_query.startswith("INSERT INTO t VALUES (:a, ?) RETURNING b")
    assert found.query_remaining == "SELECT 1"
    assert (bool(found.is_explain), found.is_readonly) == (False, False)
    assert connection.execute("SELECT count(*) FROM t").get == 0


def test_a_tracer_sees_each_statement_before_it_runs_and_can_abort_it(connection: apsw.Connection) -> None:
    seen: list[str] = []

    def trace(cursor: apsw.Cursor, sql: str, bindings: object) -> bool:
        seen.append(sql)
        return False

    connection.exec_trace = trace
    with pytest.raises(apsw.ExecTraceAbort):
        connection.cursor().execute("INSERT INTO t VALUES (1, 'x')")
    connection.exec_trace = None

    assert seen == ["INSERT INTO t VALUES (1, 'x')"]
    assert connection.execute("SELECT count(*) FROM t").get == 0


def test_a_profile_counts_the_steps_of_full_scans(connection: apsw.Connection) -> None:
    events: list[dict[str, Any]] = []
    for number in range(10):
        connection.execute("INSERT INTO t VALUES (?, 'x')", (number,))
    connection.trace_v2(apsw.SQLITE_TRACE_PROFILE, events.append)

    connection.execute("SELECT count(*) FROM t WHERE b = 'x'").fetchall()

    assert events[-1]["stmt_status"]["SQLITE_STMTSTATUS_FULLSCAN_STEP"] == 9


def test_a_statement_fails_if_a_binding_is_missing_or_the_authorizer_denies_it(connection: apsw.Connection) -> None:
    with pytest.raises(apsw.BindingsError):
        connection.execute("SELECT ?")
    connection.set_authorizer(lambda *_: apsw.SQLITE_DENY)
    with pytest.raises(apsw.AuthError):
        connection.execute("SELECT a FROM t")


def test_the_wal_hook_runs_after_the_write_lock_is_released_and_before_a_checkpoint(tmp_path: Path) -> None:
    path = str(tmp_path / "a.db")
    first, second = apsw.Connection(path), apsw.Connection(path)
    first.pragma("journal_mode", "wal")
    for connection in (first, second):
        connection.set_busy_timeout(0)
    first.execute("CREATE TABLE t (a)")
    seen: list[tuple[bool, int, tuple[int, int], bytes]] = []
    file = tmp_path / "a.db"

    def committing() -> bool:
        with pytest.raises(apsw.BusyError):
            second.execute("BEGIN IMMEDIATE")
        return False

    def committed(connection: apsw.Connection, schema: str, frames: int) -> int:
        second.execute("BEGIN IMMEDIATE")
        log = connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_NOOP)
        seen.append((second.in_transaction, frames, log, file.read_bytes()))
        second.execute("ROLLBACK")
        return apsw.SQLITE_OK

    first.set_commit_hook(committing)
    first.set_wal_hook(committed)
    before = file.read_bytes()
    for number in range(3):
        first.execute("INSERT INTO t VALUES (?)", (number,))

    assert [entry[0] for entry in seen] == [True] * 3
    assert [entry[1] for entry in seen] == [entry[2][0] for entry in seen]
    assert {entry[3] for entry in seen} == {before}
