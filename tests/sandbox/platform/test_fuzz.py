"""Fuzzing: each request gets its result, and no response is a 500, whatever the client sends."""

import json
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.sandbox.platform.openapi import description
from tests.sandbox.platform.hosting import API_TOKEN, Process
from tests.soak import soaked

EXAMPLES = soaked(2000, 30)
PER_OPERATION = soaked(200, 2)
UNHURRIED = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much]

values = st.one_of(
    st.just({"type": "null"}),
    st.integers(-(2**63), 2**63 - 1).map(lambda n: {"type": "integer", "value": str(n)}),
    st.floats(allow_nan=False, allow_infinity=False).map(lambda n: {"type": "float", "value": n}),
    st.text(max_size=20).map(lambda text: {"type": "text", "value": text}),
    st.sampled_from(["", "AQ", "AQID", "AQI="]).map(lambda text: {"type": "blob", "base64": text}),
)
WORDS = """SELECT INSERT INTO VALUES UPDATE DELETE FROM WHERE t a b * , ( ) ? :n 1 'x' x'00' NULL = ; -- /* */ BEGIN
    COMMIT ROLLBACK SAVEPOINT s RELEASE READONLY CREATE TABLE TEMP INDEX VIEW DROP ALTER ADD COLUMN count(*) GROUP BY
    ORDER LIMIT PRAGMA table_info synchronous user_version EXPLAIN QUERY PLAN WITH RECURSIVE AS UNION ALL VACUUM ATTACH
    REINDEX ANALYZE RETURNING ON CONFLICT DO NOTHING || + 9e999 json('{}') sqlite_schema"""
words = st.sampled_from(WORDS.split())
good_sql = st.sampled_from(
    [
        "CREATE TABLE IF NOT EXISTS t(a INTEGER PRIMARY KEY, b)",
        "INSERT INTO t(b) VALUES (?)",
        "SELECT * FROM t LIMIT 3",
        "SELECT ?, ?",
        "SELECT :a, @b",
        "BEGIN",
        "COMMIT",
        "ROLLBACK",
        "DELETE FROM t",
    ]
)
sql = st.one_of(good_sql, st.lists(words, max_size=12).map(" ".join), st.text(max_size=30))
texts: st.SearchStrategy[dict[str, Any]] = st.one_of(
    sql.map(lambda text: {"sql": text}), st.integers(0, 3).map(lambda number: {"sql_id": number}), st.just({})
)
statements = st.builds(
    lambda text, args, named, want: text | args | named | want,
    texts,
    st.one_of(st.just({}), st.lists(values, max_size=3).map(lambda args: {"args": args})),
    st.one_of(
        st.just({}),
        st.lists(st.builds(lambda name, value: {"name": name, "value": value}, st.text("ab:@$", max_size=2), values))
        .map(lambda named: {"named_args": named}),
    ),
    st.sampled_from([{}, {"want_rows": False}, {"want_rows": None}]),
)  # fmt: skip
conditions = st.recursive(
    st.one_of(
        st.builds(
            lambda kind, step: {"type": kind, "step": step}, st.sampled_from(["ok", "error"]), st.integers(-1, 4)
        ),
        st.just({"type": "is_autocommit"}),
    ),
    lambda inner: st.one_of(
        inner.map(lambda condition: {"type": "not", "cond": condition}),
        st.builds(lambda kind, parts: {"type": kind, "conds": parts}, st.sampled_from(["and", "or"]), st.lists(inner)),
    ),
    max_leaves=4,
)
steps = st.lists(
    st.builds(lambda stmt, condition: {"stmt": stmt, "condition": condition}, statements, st.none() | conditions),
    max_size=4,
)
requests = st.one_of(
    statements.map(lambda stmt: {"type": "execute", "stmt": stmt}),
    steps.map(lambda steps: {"type": "batch", "batch": {"steps": steps}}),
    texts.map(lambda text: {"type": "sequence"} | text),
    texts.map(lambda text: {"type": "describe"} | text),
    st.builds(lambda number, text: {"type": "store_sql", "sql_id": number, "sql": text}, st.integers(0, 3), sql),
    st.integers(0, 3).map(lambda number: {"type": "close_sql", "sql_id": number}),
    st.sampled_from([{"type": "get_autocommit"}, {"type": "close"}, {"type": "nonsense"}]),
)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["type", "stmt", "sql", "x"]), inner),
    max_leaves=12,
)


@pytest.fixture(scope="module")
def fuzzed(server: Process) -> tuple[str, dict[str, str]]:
    """Create a database, and return its URL and the headers with a token for it."""
    url = server.create("orders")
    return url, {"authorization": f"Bearer {server.token('orders')}"}


@settings(max_examples=EXAMPLES, database=None, suppress_health_check=UNHURRIED)
@given(pipeline=st.lists(requests, max_size=6), again=st.lists(requests, max_size=3))
def test_each_request_of_a_pipeline_gets_a_result_or_the_pipeline_gets_a_400(
    server: Process, fuzzed: tuple[str, dict[str, str]], pipeline: Any, again: Any
) -> None:
    url, headers = fuzzed
    baton = None
    for sent in (pipeline, again):
        response = server.http.post(f"{url}v3/pipeline", json={"baton": baton, "requests": sent}, headers=headers)
        assert response.status_code in (200, 400), response.text
        if response.status_code == 400:
            return
        answer = response.json()
        assert len(answer["results"]) == len(sent)
        for request, result in zip(sent, answer["results"], strict=True):
            if result["type"] == "ok":
                assert result["response"]["type"] == request["type"]
            else:
                assert isinstance(result["error"]["code"], str)
                assert isinstance(result["error"]["message"], str)
        baton = answer["baton"]
        if baton is None:
            return
    server.http.post(f"{url}v3/pipeline", json={"baton": baton, "requests": [{"type": "close"}]}, headers=headers)


@settings(max_examples=EXAMPLES, database=None, suppress_health_check=UNHURRIED)
@given(body=st.one_of(anything, st.builds(lambda inner: {"requests": [inner]}, anything)), end=st.integers(0, 40))
def test_random_and_truncated_bodies_cause_no_server_error(
    server: Process, fuzzed: tuple[str, dict[str, str]], body: Any, end: Any
) -> None:
    url, headers = fuzzed
    text = json.dumps(body)
    for path in ("v2/pipeline", "v3/cursor"):
        for content in (text, text[:-end]):
            assert server.http.post(url + path, content=content, headers=headers).status_code in (200, 400)


@settings(max_examples=EXAMPLES // 2, database=None, suppress_health_check=UNHURRIED)
@given(batch=steps)
def test_every_line_of_a_cursor_is_an_entry_of_the_protocol(
    server: Process, fuzzed: tuple[str, dict[str, str]], batch: Any
) -> None:
    url, headers = fuzzed
    response = server.http.post(f"{url}v3/cursor", json={"batch": {"steps": batch}}, headers=headers)
    assert response.status_code in (200, 400), response.text
    if response.status_code == 200:
        head, *entries = [json.loads(line) for line in response.content.splitlines()]
        assert head.keys() == {"baton", "base_url"}
        assert all(entry["type"] in ("step_begin", "row", "step_end", "step_error") for entry in entries)
        close = {"baton": head["baton"], "requests": [{"type": "close"}]}
        assert server.http.post(f"{url}v3/pipeline", json=close, headers=headers).status_code in (200, 400)


@cache
def schema() -> Any:
    """Return the API description for schemathesis.

    The import is slow, so only the worker that runs these tests does it.
    """
    import schemathesis

    return schemathesis.openapi.from_dict(description())


operations = [(path, method.upper()) for path, item in description()["paths"].items() for method in item]


@pytest.mark.parametrize(("path", "method"), operations, ids=[f"{method} {path}" for path, method in operations])
def test_every_operation_responds_as_the_api_description_says(
    path: str, method: str, server: Process, fuzzed: tuple[str, dict[str, str]]
) -> None:
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi import checks

    token = fuzzed[1]["authorization"] if path.startswith("/db/") else f"Bearer {API_TOKEN}"
    wanted = [
        not_a_server_error,
        checks.status_code_conformance,
        checks.content_type_conformance,
        checks.response_schema_conformance,
    ]

    @settings(max_examples=PER_OPERATION, database=None, suppress_health_check=UNHURRIED)
    @given(case=schema()[path][method].as_strategy())
    def keeps(case: Any) -> None:
        case.call_and_validate(base_url=server.url, headers={"authorization": token}, checks=wanted)

    keeps()


def test_every_operation_in_the_api_description_is_fuzzed() -> None:
    described = [one.ok() for one in schema().get_all_operations()]

    assert sorted((one.path, one.method.upper()) for one in described) == sorted(operations)
