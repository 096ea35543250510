"""Pipelines, probes and dumps of libSQL's protocol: requests, results, values, errors."""

import sqlite3
from typing import Any

import pytest

from tests.sandbox.platform.hosting import CLOSE, Client, Hosted, stmt


@pytest.mark.parametrize("version", ["v2", "v3"])
async def test_both_versions_return_one_result_per_request_in_order(orders: Client, version: str) -> None:
    answer = await orders.ask(stmt("SELECT 1 AS one"), stmt("SELECT nope"), stmt("SELECT 3"), CLOSE, version=version)

    assert answer.json["base_url"] is None
    assert answer.baton is None
    assert [entry["type"] for entry in answer.json["results"]] == ["ok", "error", "ok", "ok"]
    assert [entry["response"]["type"] for entry in answer.json["results"] if entry["type"] == "ok"] == [
        "execute",
        "execute",
        "close",
    ]
    result = answer[0]
    assert result.keys() == {
        "cols",
        "rows",
        "affected_row_count",
        "last_insert_rowid",
        "replication_index",
        "rows_read",
        "rows_written",
        "query_duration_ms",
    }
    assert result["cols"] == [{"name": "one", "decltype": None}]
    assert result["rows"] == [[{"type": "integer", "value": "1"}]]
    assert result["last_insert_rowid"] is None


@pytest.mark.parametrize(
    ("sent", "received"),
    [
        ({"type": "null"}, {"type": "null"}),
        ({"type": "integer", "value": "9223372036854775807"}, None),
        ({"type": "integer", "value": "-9223372036854775808"}, None),
        ({"type": "float", "value": 1}, {"type": "float", "value": 1.0}),
        ({"type": "float", "value": 2.5}, None),
        ({"type": "text", "value": "für 🐢 \u0000 x"}, None),
        ({"type": "text", "value": ""}, None),
        ({"type": "blob", "base64": "AQI"}, None),
        ({"type": "blob", "base64": "AQI="}, {"type": "blob", "base64": "AQI"}),
        ({"type": "blob", "base64": ""}, None),
    ],
)
async def test_every_value_is_returned_with_its_type_and_content(
    orders: Client, sent: dict[str, Any], received: dict[str, Any] | None
) -> None:
    answer = await orders.ask({"type": "execute", "stmt": {"sql": "SELECT ?", "args": [sent]}})

    assert answer[0]["rows"] == [[received or sent]]


async def test_a_whole_float_is_bound_as_a_real(orders: Client) -> None:
    answer = await orders.ask(
        {"type": "execute", "stmt": {"sql": "SELECT typeof(?)", "args": [{"type": "float", "value": 1}]}}
    )

    assert answer.rows() == [["real"]]


async def test_infinity_cannot_be_written_as_json_and_becomes_null(orders: Client) -> None:
    assert (await orders.run("SELECT 9e999"))[0]["rows"] == [[{"type": "float", "value": None}]]


async def test_named_arguments_can_be_sent_with_or_without_their_prefix(orders: Client) -> None:
    sql = "SELECT :a, @b, $c, :a"
    for names in (("a", "b", "c"), (":a", "@b", "$c")):
        arguments = [{"name": name, "value": {"type": "text", "value": name[-1]}} for name in names]
        answer = await orders.ask({"type": "execute", "stmt": {"sql": sql, "named_args": arguments}})
        assert answer.rows() == [["a", "b", "c", "a"]]


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ({"sql": "SELECT ?"}, "ARGS_INVALID"),
        ({"sql": "SELECT 1", "args": [{"type": "null"}]}, "ARGS_INVALID"),
        ({"sql": "SELECT :a", "named_args": [{"name": "b", "value": {"type": "null"}}]}, "ARGS_INVALID"),
        (
            {"sql": "SELECT ?", "args": [{"type": "null"}], "named_args": [{"name": "b", "value": {"type": "null"}}]},
            "ARGS_BOTH_POSITIONAL_AND_NAMED",
        ),
        ({"sql": ""}, "SQL_NO_STATEMENT"),
        ({"sql": " ; -- nothing\n /* at all */"}, "SQL_NO_STATEMENT"),
        ({"sql": "SELECT 1; SELECT 2"}, "SQL_MANY_STATEMENTS"),
        ({"sql": "SELEKT 1"}, "SQL_PARSE_ERROR"),
        ({"sql": "SELECT nope"}, "SQL_INPUT_ERROR"),
        ({"sql": "SELECT 1 FROM nope"}, "SQLITE_UNKNOWN"),
        ({"sql": "SELECT '\u0000'"}, "SQL_PARSE_ERROR"),
        ({"sql": "SELECT CAST(x'ff' AS TEXT)"}, "SQLITE_UNKNOWN"),
        ({"sql": "SELECT abs(-9223372036854775808)"}, "SQLITE_UNKNOWN"),
    ],
)
async def test_each_error_has_its_code_and_does_not_stop_later_requests(
    orders: Client, statement: dict[str, Any], code: str
) -> None:
    answer = await orders.ask({"type": "execute", "stmt": statement}, stmt("SELECT 2"))

    assert answer.code(0) == code
    assert isinstance(answer[0]["message"], str)
    assert answer.rows(1) == [[2]]


async def test_constraint_errors_have_sqlites_primary_code(orders: Client) -> None:
    await orders.run("CREATE TABLE t(a INTEGER PRIMARY KEY, b NOT NULL)")

    answer = await orders.run("INSERT INTO t VALUES (1, NULL)")

    assert answer.code() == "SQLITE_CONSTRAINT"
    assert answer[0]["message"] == "SQLite error: NOT NULL constraint failed: t.b"


@pytest.mark.parametrize(
    "sql", ["SELECT 1;", "SELECT 1 ; ;", "SELECT 1; -- done", "/* a */ SELECT 1", "\ufeffSELECT 1"]
)
async def test_comments_and_trailing_semicolons_are_not_a_second_statement(orders: Client, sql: str) -> None:
    assert (await orders.run(sql)).rows() == [[1]]


async def test_changes_are_counted_and_the_row_id_is_a_string(orders: Client) -> None:
    await orders.run("CREATE TABLE t(a INTEGER PRIMARY KEY, b)")

    inserted = await orders.run("INSERT INTO t(b) VALUES (1), (2), (3)")
    assert (inserted[0]["affected_row_count"], inserted[0]["last_insert_rowid"]) == (3, "3")
    updated = await orders.run("UPDATE t SET b = 0 WHERE a > 1")
    assert (updated[0]["affected_row_count"], updated[0]["last_insert_rowid"]) == (2, None)
    assert (await orders.run("UPDATE t SET b = 0 WHERE a > 9"))[0]["affected_row_count"] == 0
    assert (await orders.run("CREATE TABLE u(a)"))[0]["affected_row_count"] == 0
    returned = await orders.run("INSERT INTO t(b) VALUES (4) RETURNING a")
    assert (returned.rows(), returned[0]["affected_row_count"]) == ([[4]], 1)


async def test_unwanted_rows_are_not_sent(orders: Client) -> None:
    answer = await orders.ask({"type": "execute", "stmt": {"sql": "SELECT 1", "want_rows": False}})

    assert answer[0]["rows"] == []


async def test_a_batch_runs_the_steps_whose_conditions_hold(orders: Client) -> None:
    def step(sql: str, condition: Any = None) -> dict[str, Any]:
        return {"stmt": {"sql": sql}} | ({"condition": condition} if condition else {})

    answer = await orders.ask(
        {
            "type": "batch",
            "batch": {
                "steps": [
                    step("SELECT 1"),
                    step("SELECT nope"),
                    step("SELECT 'after ok'", {"type": "ok", "step": 0}),
                    step("SELECT 'skipped'", {"type": "ok", "step": 1}),
                    step("SELECT 'after error'", {"type": "error", "step": 1}),
                    step("SELECT 'skipped is not ok'", {"type": "ok", "step": 3}),
                    step("SELECT 'nor error'", {"type": "error", "step": 3}),
                    step("SELECT 'not'", {"type": "not", "cond": {"type": "ok", "step": 3}}),
                    step("SELECT 'auto'", {"type": "is_autocommit"}),
                    step(
                        "SELECT 'and'", {"type": "and", "conds": [{"type": "ok", "step": 0}, {"type": "ok", "step": 1}]}
                    ),
                    step(
                        "SELECT 'or'", {"type": "or", "conds": [{"type": "ok", "step": 0}, {"type": "ok", "step": 1}]}
                    ),
                ]
            },
        }
    )

    ran = [outcome and outcome["rows"][0][0]["value"] for outcome in answer[0]["step_results"]]
    assert ran == ["1", None, "after ok", None, "after error", None, None, "not", "auto", None, "or"]
    assert [number for number, error in enumerate(answer[0]["step_errors"]) if error] == [1]
    assert answer[0]["replication_index"] is None


async def test_a_description_names_columns_even_of_statements_with_parameters(orders: Client) -> None:
    await orders.run("CREATE TABLE t(a INTEGER PRIMARY KEY, b VARCHAR(9))")

    answer = await orders.ask(
        {"type": "describe", "sql": "SELECT a, b AS bee, a + 1 FROM t WHERE b = :bee AND a > ?"},
        {"type": "describe", "sql": "INSERT INTO t VALUES (1, 'x')"},
        {"type": "describe", "sql": "EXPLAIN SELECT 1"},
        stmt("SELECT count(*) FROM t"),
    )

    assert answer[0] == {
        "params": [{"name": ":bee"}, {"name": None}],
        "cols": [
            {"name": "a", "decltype": "INTEGER"},
            {"name": "bee", "decltype": "VARCHAR(9)"},
            {"name": "a + 1", "decltype": None},
        ],
        "is_explain": False,
        "is_readonly": True,
    }
    assert answer[1] == {"params": [], "cols": [], "is_explain": False, "is_readonly": False}
    assert answer[2]["is_explain"] is True
    assert answer.rows(3) == [[0]]


async def test_a_sequence_runs_up_to_its_first_error(orders: Client) -> None:
    sql = "CREATE TABLE t(a); INSERT INTO t VALUES (1); SELECT * FROM t; INSERT INTO nope VALUES (1); DELETE FROM t"

    answer = await orders.ask({"type": "sequence", "sql": sql}, stmt("SELECT a FROM t"), CLOSE)

    assert answer.code(0) == "SQLITE_UNKNOWN"
    assert answer.rows(1) == [[1]]


async def test_stored_statements_are_used_by_their_number_until_closed(orders: Client) -> None:
    def by_id(sql_id: Any) -> dict[str, Any]:
        return {"type": "execute", "stmt": {"sql_id": sql_id, "sql": None}}

    answer = await orders.ask(
        {"type": "store_sql", "sql_id": 1, "sql": "SELECT 'stored'"},
        by_id(1),
        {"type": "describe", "sql_id": 1},
        {"type": "close_sql", "sql_id": 1},
        {"type": "close_sql", "sql_id": 99},
    )
    assert answer.rows(1) == [["stored"]]
    assert answer[2]["cols"] == [{"name": "'stored'", "decltype": None}]

    refused = await orders.post(json={"baton": answer.baton, "requests": [by_id(1)]})
    assert refused.status_code == 400


async def test_statements_are_stored_up_to_a_limit(orders: Client) -> None:
    many = [{"type": "store_sql", "sql_id": number, "sql": "SELECT 1"} for number in range(51)]

    answer = await orders.ask({"type": "store_sql", "sql_id": 99, "sql": "-" * 5001}, *many)

    assert answer.code(0) == "SQL_STORE_TOO_LARGE"
    assert [answer.code(position) for position in (1, 50, 51)] == [None, None, "SQL_STORE_TOO_MANY"]


async def test_autocommit_is_reported_only_in_version_3(orders: Client) -> None:
    asked = {"type": "get_autocommit"}

    answer = await orders.ask(asked, stmt("BEGIN"), asked)
    assert [answer[0]["is_autocommit"], answer[2]["is_autocommit"]] == [True, False]

    refused = await orders.post("v2/pipeline", json={"requests": [asked]})
    assert (refused.status_code, refused.headers["content-type"]) == (400, "text/plain; charset=utf-8")


async def test_an_answer_that_is_too_large_is_an_error_of_its_statement(orders: Client) -> None:
    sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT hex(zeroblob(50000)) FROM n"

    assert (await orders.run(sql)).code() == "RESPONSE_TOO_LARGE"
    assert (await orders.run("SELECT 1")).rows() == [[1]]


async def test_foreign_keys_are_enforced(orders: Client) -> None:
    await orders.run("CREATE TABLE p(id INTEGER PRIMARY KEY)")
    await orders.run("CREATE TABLE c(p REFERENCES p(id))")

    assert (await orders.run("INSERT INTO c VALUES (1)")).code() == "SQLITE_CONSTRAINT"


async def test_a_missing_content_type_and_explicit_nulls_are_accepted(orders: Client) -> None:
    body = b'{"baton":null,"requests":[{"type":"execute","stmt":{"sql":"SELECT 1;","sql_id":null,"args":null}}]}'

    response = await orders.post(content=body)

    assert response.json()["results"][0]["type"] == "ok"


@pytest.mark.parametrize("path", ["v2", "v3", "health"])
async def test_probes_need_no_token(platform: Hosted, orders: Client, path: str) -> None:
    response = await platform.http.get(f"/db/orders/{path}", headers={"authorization": ""})

    assert response.status_code == 200


async def test_the_protobuf_probe_is_not_found(platform: Hosted, orders: Client) -> None:
    assert (await platform.http.get("/db/orders/v3-protobuf")).status_code == 404


async def test_a_database_can_be_dumped_as_sql(platform: Hosted, orders: Client) -> None:
    await orders.run("CREATE TABLE t(a, b)")
    await orders.run("INSERT INTO t VALUES (1, 'it''s'), (NULL, x'00ff')")

    dumped = await platform.http.get("/db/orders/dump", headers=orders.headers)

    copy = sqlite3.connect(":memory:")
    copy.executescript(dumped.text)
    assert copy.execute("SELECT a, b FROM t").fetchall() == [(1, "it's"), (None, b"\x00\xff")]
    assert (await platform.http.get("/db/orders/dump", headers={"authorization": ""})).status_code == 401
    await platform.api("PATCH", "/databases/orders/configuration", json={"block_reads": True})
    assert (await platform.http.get("/db/orders/dump", headers=orders.headers)).json()["code"] == "BLOCKED"
