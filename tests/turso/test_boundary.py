"""Turso's responses are validated: impossible values are left out and logged, and the rest is used."""

import json
import re
from typing import Any, ClassVar

import httpx
import pytest
import structlog
from pydantic import AliasChoices

from bot.commands._targets import left_out_note
from bot.core.redaction.text_cleaning import clean
from bot.turso import TursoUnavailable, answers, models
from bot.turso.calls import read_body
from bot.turso.client import TursoClient
from bot.turso.errors import ErrorAnswer
from bot.turso.models import Listed
from bot.turso.refusals import read_answer, refusal
from bot.turso.tolerance import LARGEST, Wire

from .organization import Organization

ODD: list[Any] = [None, "", 0, 17, True, [], {}, "a\x00b"]
WRONG_NUMBERS = ["many", -1, LARGEST + 1, 1e400, float("nan"), 1.5, True, [], {}, None, "17"]
GOOD = {"Name": "orders", "DbId": "d-1", "Hostname": "orders.turso.io"}


def body(**raw: Any) -> bytes:
    return json.dumps(raw).encode()


@pytest.mark.parametrize("odd", ODD, ids=repr)
@pytest.mark.parametrize("key", ["Name", "DbId"])
def test_a_listed_database_without_a_valid_name_or_id_is_left_out_and_counted(key: str, odd: Any) -> None:
    with structlog.testing.capture_logs() as log:
        found = answers.page(body(databases=[GOOD | {key: odd}, GOOD]))

    assert [one.name for one in found.databases] == ["orders"]
    assert found.databases.left_out == 1
    assert log[0]["event"] == "turso.left_out"
    assert ("orders" if key == "DbId" else "d-1") in log[0]["entry"]


@pytest.mark.parametrize("odd", [None, 17, "text", []], ids=repr)
def test_an_entry_that_is_not_an_object_is_left_out_of_every_list(odd: Any) -> None:
    usage = {"uuid": "d-1", "usage": {"rows_read": 5}}

    assert answers.page(body(databases=[odd, GOOD])).databases.left_out == 1
    assert [one.name for one in answers.groups(body(groups=[odd, {"name": "eu"}]))] == ["eu"]
    assert [one.name for one in answers.instances(body(instances=[odd, {"name": "fra"}]))] == ["fra"]
    assert len(answers.top_queries(body(top_queries=[odd, {"query": "SELECT 1"}]))) == 1
    assert [one.uuid for one in answers.organization_usage(body(databases=[odd, usage])).databases] == ["d-1"]
    assert [one.uuid for one in answers.database_usage(body(instances=[odd, usage])).instances] == ["d-1"]


@pytest.mark.parametrize("wrong", WRONG_NUMBERS, ids=repr)
@pytest.mark.parametrize("field", ["rows_read", "rows_written", "storage_bytes", "bytes_synced"])
def test_an_impossible_number_is_unknown_and_logged_and_other_numbers_are_kept(field: str, wrong: Any) -> None:
    good = {"rows_read": 1, "rows_written": 2, "storage_bytes": 3, "bytes_synced": 4}
    entry = {"uuid": "d-1", "usage": good | {field: wrong}}
    raw = json.dumps({"organization": {"databases": [entry, {"uuid": "d-2", "usage": good}]}}).encode()

    with structlog.testing.capture_logs() as log:
        first, second = answers.organization_usage(raw).databases

    assert getattr(first.usage, field) is None
    assert first.usage.model_dump() == good | {field: None}
    assert second.usage.model_dump() == good
    if wrong is not None:
        assert (log[0]["of"], log[0]["field"]) == ("usage of d-1", field)


def test_a_sum_of_numbers_that_is_too_large_is_unknown() -> None:
    parts = [{"uuid": name, "usage": {"rows_read": LARGEST}} for name in ("a", "b")]

    assert answers.organization_usage(body(databases=parts)).usage.rows_read is None


@pytest.mark.parametrize(
    "field", ["group", "Hostname", "primaryRegion", "regions", "type", "version", "parent", "schema"]
)
@pytest.mark.parametrize("odd", [17, ["x", None], {"a": 1}, "a\x00b"], ids=repr)
def test_a_database_with_an_odd_optional_field_can_be_read(field: str, odd: Any) -> None:
    found = answers.database(body(database=GOOD | {field: odd}))

    assert found.name == "orders"
    assert "\x00" not in found.model_dump_json()


OWN = {"is_of_month"}
"""Fields that the client sets itself, which Turso never sends."""
FIELDS = [
    (model, name, field)
    for model in vars(models).values()
    if isinstance(model, type) and issubclass(model, Wire) and model is not Wire
    for name, field in model.model_fields.items()
    if re.search(r"\b(bool|int|float|datetime)\b", repr(field.annotation))
    and not field.is_required()
    and name not in OWN
]
"""Every optional boolean, number and time that Turso may send."""


@pytest.mark.parametrize(("model", "name", "field"), FIELDS, ids=[f"{one.__name__}.{name}" for one, name, _ in FIELDS])
def test_a_value_that_turso_omits_is_unknown_and_neither_off_nor_zero(model: type[Wire], name: str, field: Any) -> None:
    names = {one: "x" for one, other in model.model_fields.items() if other.is_required()}
    aliases = {one: _key(model, one) for one in (*names, name)}
    raw = {aliases[one]: value for one, value in names.items()}

    assert getattr(model.model_validate(raw), name) is None, "the key is absent"
    assert getattr(model.model_validate(raw | {aliases[name]: None}), name) is None, "null"


def _key(model: type[Wire], name: str) -> str:
    alias = model.model_fields[name].validation_alias
    return str(alias.choices[0]) if isinstance(alias, AliasChoices) else name


@pytest.mark.parametrize("odd", [None, 17, ["x"], {"a": 1}, "a\x00b"], ids=repr)
def test_a_group_that_cannot_be_read_is_unknown_and_not_missing(odd: Any) -> None:
    assert answers.database(body(database=GOOD | {"group": odd})).group is None
    (listed,) = answers.page(body(databases=[GOOD | {"group": odd}])).databases
    assert listed.group is None


@pytest.mark.parametrize("raw", [{}, {"group": ""}], ids=["absent", "empty"])
def test_a_database_can_have_no_group(raw: dict[str, Any]) -> None:
    """According to Turso's documentation, databases that are older than groups have none."""
    assert answers.database(body(database=GOOD | raw)).group == ""
    (listed,) = answers.page(body(databases=[GOOD | raw])).databases
    assert listed.group == ""


@pytest.mark.parametrize(
    "odd", ["x.turso.io:99999", "a:b", "[", "u@x.turso.io", "x.turso.io?q", ":80", 7, None], ids=repr
)
def test_an_invalid_host_name_is_unknown(odd: Any) -> None:
    found = answers.database(body(database=GOOD | {"Hostname": odd}))

    assert (found.hostname, found.https_url, found.libsql_url, found.is_local) == ("", "", "", False)


@pytest.mark.parametrize("odd", [r'"\ud800"', "NaN", "Infinity", "1e400", "9" * 400], ids=lambda one: str(one)[:9])
@pytest.mark.parametrize("key", ["Hostname", "group", "type", "rest"])
def test_a_list_with_an_odd_value_in_one_entry_can_be_read(key: str, odd: str) -> None:
    raw = json.dumps({"databases": [{"Name": "odd", "DbId": "d-2", key: "ODD"}, GOOD]}).replace('"ODD"', odd)

    found = answers.page(raw.encode()).databases

    assert [one.name for one in found] == ["odd", "orders"]
    assert [one.name for one in map(Listed.read_or_none, found) if one] == ["odd", "orders"]


def test_a_boolean_that_cannot_be_read_does_not_count_as_off() -> None:
    with pytest.raises(TursoUnavailable):
        read_body(answers.database, body(database=GOOD | {"block_writes": "perhaps"}))


@pytest.mark.parametrize("expires", [1e30, "soon", {"a": 1}], ids=repr)
async def test_an_api_tokens_expiry_that_cannot_be_read_is_an_error(
    turso: TursoClient, acme: Organization, expires: Any
) -> None:
    acme.instead = lambda _: httpx.Response(200, content=body(exp=expires))

    with pytest.raises(TursoUnavailable, match="can't be read"):
        await turso.validate()


@pytest.mark.parametrize("expires", [-1, -(10**30), 0, None, []], ids=repr)
async def test_an_api_token_with_a_negative_or_empty_expiry_does_not_expire(
    turso: TursoClient, acme: Organization, expires: Any
) -> None:
    acme.instead = lambda _: httpx.Response(200, content=body(exp=expires))

    assert await turso.validate() is None


def test_the_message_of_an_error_is_shown_without_control_characters() -> None:
    class Response:
        status_code = 400
        headers: ClassVar[dict[str, str]] = {}
        content = json.dumps({"error": "no\x00such \x1b[31mthing\n", "code": "a\x00b"}).encode()

    said: ErrorAnswer = read_answer(Response(), "")  # type: ignore[arg-type]

    assert said.message == "nosuch [31mthing"
    assert said.code == "ab"
    assert "\x00" not in str(refusal(said, {}, writes=True))


async def test_a_caller_who_needs_every_database_gets_an_error_if_one_is_unreadable(
    turso: TursoClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def answer(*_: Any, **__: Any) -> bytes:
        return body(databases=[GOOD, {"Name": None, "DbId": None}])

    monkeypatch.setattr(type(turso), "_get", answer)

    with pytest.raises(TursoUnavailable, match="the list is incomplete"):
        await turso.databases(group="eu")
    assert (await turso.listed()).left_out == 1


def test_a_list_says_how_many_entries_were_left_out() -> None:
    assert left_out_note(1) == "1 database is left out, because Turso's data about it can't be read."


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("a\x00b", "ab"),
        ("a\tb\r\nc", "a\tb\r\nc"),
        ("\x1b[0m\x7f\x9b", "[0m"),
        ("\ud800x", "\ufffdx"),
        ("naïve 🧊", "naïve 🧊"),
    ],
)
def test_text_is_stripped_of_characters_that_cannot_be_stored_or_seen(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned
