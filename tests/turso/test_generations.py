"""The client gets the same results from the responses of the API of 2023 and of today's API."""

import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from bot.turso.client import TursoClient

from .organization import Organization, answers, refuse, sample


@pytest.mark.parametrize(
    ("keys", "placement"),
    [
        pytest.param({"group": "default", "primaryRegion": "lhr", "regions": ["ams"]}, "default", id="group"),
        pytest.param({"group": "", "primaryRegion": "lhr", "regions": ["ams"]}, "lhr", id="no group"),
        pytest.param({"group": None, "primaryRegion": None, "regions": ["ams", "lhr"]}, "ams", id="locations alone"),
        pytest.param({"regions": None}, "", id="an empty database of 2023"),
    ],
)
async def test_the_placement_is_the_group_or_the_primary_location_or_the_first_location(
    turso: TursoClient, acme: Organization, keys: dict[str, Any], placement: str
) -> None:
    answers(acme, {"database": {"Name": "orders", "DbId": "1", "Hostname": "h"} | keys})

    assert (await turso.database("orders")).placement == placement


async def test_the_properties_of_a_2023_database_are_read(turso: TursoClient, acme: Organization) -> None:
    answers(acme, sample("database_2023"))

    database = await turso.database("orders")

    assert (database.issued_cert_limit, database.issued_cert_count) == (10, 2)
    assert (database.regions, database.primary_region, database.type) == (("lhr", "nrt"), "lhr", "logical")
    assert not any((database.block_reads, database.block_writes, database.delete_protection, database.is_archived))


async def test_the_properties_of_todays_database_are_read(turso: TursoClient, acme: Organization) -> None:
    answers(acme, sample("database_now"))

    database = await turso.database("orders")

    assert (database.group, database.block_writes, database.delete_protection) == ("default", True, True)
    assert database.https_url == "https://orders-acme.aws-us-east-1.turso.io"
    assert database.libsql_url == "libsql://orders-acme.aws-us-east-1.turso.io"
    assert database.issued_cert_limit is None


@pytest.mark.parametrize("generation", ["2023", "now"])
async def test_a_created_database_equals_the_one_that_is_read_afterwards_in_both_apis(
    turso: TursoClient, turso_2023: TursoClient, acme_2023: Organization, generation: str
) -> None:
    client = turso_2023 if generation == "2023" else turso

    created = await client.create_database("orders", group="default")

    assert created == await client.database("orders")
    assert created.primary_region


@pytest.mark.parametrize(
    ("keys", "hostname"),
    [
        pytest.param({"Hostname": "exact", "hostname": "folded"}, "exact", id="both: the exact key first"),
        pytest.param({"hostname": "folded", "Hostname": "exact"}, "exact", id="both, in the other order"),
        pytest.param({"hostname": "lower"}, "lower", id="lower case alone"),
        pytest.param({"HostName": "pascal", "HOSTNAME": "upper"}, "upper", id="upper case alone"),
    ],
)
async def test_keys_are_matched_exactly_first_and_then_in_other_casings(
    turso: TursoClient, acme: Organization, keys: dict[str, str], hostname: str
) -> None:
    answers(acme, {"database": {"name": "orders", "dbId": "1"} | keys})

    database = await turso.database("orders")

    assert (database.name, database.db_id, database.hostname) == ("orders", "1", hostname)


async def test_a_list_reads_other_casings_too(turso: TursoClient, acme: Organization) -> None:
    answers(acme, {"databases": [{"name": "orders", "dbId": "1", "hostname": "h"}]})

    assert [(one.name, one.db_id, one.hostname) for one in await turso.databases()] == [("orders", "1", "h")]
    answers(acme, {"databases": [{"name": "orders", "dbId": "1", "group": None}, {"Name": "carts", "DbId": "2"}]})
    assert [(one.name, one.id, one.group) for one in await turso.listed()] == [
        ("orders", "1", None),
        ("carts", "2", ""),
    ]


@pytest.mark.parametrize("body", [{"databases": None}, {}, {"databases": []}], ids=["null", "absent", "empty"])
async def test_no_databases_are_an_empty_list(turso: TursoClient, acme: Organization, body: dict[str, Any]) -> None:
    answers(acme, body)

    assert await turso.databases() == []


async def test_the_region_of_an_instance_is_read_from_its_field_and_not_from_its_name(
    turso: TursoClient, acme: Organization
) -> None:
    answers(acme, {"instances": [{"uuid": "u", "name": "loving-squirrel", "type": "primary", "region": "lhr"}]})

    (instance,) = await turso.instances("orders")

    assert (instance.name, instance.type, instance.region, instance.hostname) == (
        "loving-squirrel",
        "primary",
        "lhr",
        "",
    )


QUERIES = [{"query": "SELECT 1", "rows_read": 5, "rows_written": None}]


@pytest.mark.parametrize(
    ("answered", "count"),
    [
        pytest.param([(200, QUERIES)], 1, id="a bare array, as now"),
        pytest.param([(200, {"top_queries": QUERIES})], 1, id="wrapped"),
        pytest.param([(200, {"top_queries": None})], 0, id="wrapped null"),
        pytest.param([(200, None)], 0, id="null"),
        pytest.param(
            [(404, {"error": "route not found"}), (200, {"top_queries": QUERIES})], 1, id="the older endpoint"
        ),
    ],
)
async def test_top_queries_are_read_from_either_endpoint(
    turso: TursoClient, acme: Organization, answered: Any, count: int
) -> None:
    acme.next_answers = [httpx.Response(status, content=json.dumps(body)) for status, body in answered]

    assert len(await turso.top_queries("orders", since=datetime(2026, 10, 1, tzinfo=UTC))) == count
    assert len(acme.requests) == len(answered)


@pytest.mark.parametrize("key", ["block_writes", "blocked_writes"])
async def test_blocked_flags_are_read_in_both_spellings(turso: TursoClient, acme: Organization, key: str) -> None:
    acme.next_answers = [
        httpx.Response(200, json={"database": {"Name": "orders", "DbId": "1", key: True}}),
        httpx.Response(200, json={"organization": {"name": "acme", key: True}}),
    ]

    assert (await turso.database("orders")).block_writes
    assert (await turso.organization_details()).blocked_writes


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"locations": {"lhr": "London", "ams": "Amsterdam"}}, id="code to label"),
        pytest.param({"locations": {"aws": {"lhr": "London"}, "local": {"ams": "Amsterdam"}}}, id="by provider"),
    ],
)
async def test_locations_are_read_flat_or_by_provider(
    turso: TursoClient, acme: Organization, body: dict[str, Any]
) -> None:
    answers(acme, body)

    assert [(one.code, one.label) for one in await turso.locations()] == [("lhr", "London"), ("ams", "Amsterdam")]


@pytest.mark.parametrize(
    ("body", "year"),
    [({"exp": 1790000000}, 2026), ({"exp": -1}, None), ({}, None)],
    ids=["an end", "never", "absent"],
)
async def test_validate_returns_when_the_api_token_expires(
    turso: TursoClient, acme: Organization, body: dict[str, Any], year: int | None
) -> None:
    answers(acme, body)

    expiry = await turso.validate()

    assert (expiry and expiry.year) == year


@pytest.mark.parametrize("subscription", [{"name": "starter", "plan": "starter"}, "starter"], ids=["object", "text"])
async def test_quotas_are_those_of_the_subscribed_plan(
    turso: TursoClient, acme: Organization, subscription: Any
) -> None:
    plans = [{"name": "starter", "quotas": {"rowsRead": 5, "storage": 9, "databases": None}}, {"name": "pro"}]
    acme.next_answers = [
        httpx.Response(200, json={"subscription": subscription}),
        httpx.Response(200, json={"plans": plans}),
    ]

    quotas = await turso.quotas()

    assert quotas is not None
    assert (quotas.plan, quotas.rows_read, quotas.storage_bytes, quotas.databases) == ("starter", 5, 9, None)


async def test_quotas_that_turso_does_not_report_are_none(turso: TursoClient, acme: Organization) -> None:
    acme.next_answers = [httpx.Response(200, json={"subscription": None})]

    assert await turso.quotas() is None


async def test_a_group_with_null_or_absent_fields_can_be_read(turso: TursoClient, acme: Organization) -> None:
    answers(acme, {"groups": [{"name": "eu", "locations": None, "primary": "lhr", "uuid": "g", "status": {"x": 1}}]})

    (group,) = await turso.groups()

    assert (group.name, group.locations, group.primary, group.delete_protection) == ("eu", (), "lhr", None)


@pytest.mark.parametrize("database", [{"Name": "x"}, {"DbId": "1"}, "x"], ids=["no id", "no name", "no object"])
async def test_a_database_without_a_name_or_id_cannot_be_read(
    turso: TursoClient, acme: Organization, database: Any
) -> None:
    acme.next_answers = [httpx.Response(200, json={"database": database}) for _ in range(9)]

    with pytest.raises(Exception, match="can't be read"):
        await turso.database("x")


async def test_a_refusal_by_the_older_endpoint_is_raised(turso: TursoClient, acme: Organization) -> None:
    acme.next_answers = [refuse(404, "route not found"), refuse(403, "token out of scope")]

    with pytest.raises(Exception, match="token out of scope"):
        await turso.top_queries("orders", since=datetime(2026, 10, 1, tzinfo=UTC))
