"""One table for each row of what differs between the API of 2023 and today's: both are read alike."""

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.turso.client import TursoClient
from bot.turso.models import Usage

from .organization import Organization, refuse

SAMPLES = Path(__file__).parent / "samples"
TOTAL = {"rows_read": 1204, "rows_written": 37, "storage_bytes": 40960}


def sample(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((SAMPLES / f"{name}.json").read_text())
    return found


def answers(acme: Organization, body: Any) -> None:
    acme.next_answers = [httpx.Response(200, json=body)]


@pytest.mark.parametrize(
    ("keys", "placement"),
    [
        pytest.param({"group": "default", "primaryRegion": "lhr", "regions": ["ams"]}, "default", id="group"),
        pytest.param({"group": "", "primaryRegion": "lhr", "regions": ["ams"]}, "lhr", id="no group"),
        pytest.param({"group": None, "primaryRegion": None, "regions": ["ams", "lhr"]}, "ams", id="locations alone"),
        pytest.param({"regions": None}, "", id="an empty database of 2023"),
    ],
)
async def test_placement_is_the_group_else_the_primary_location_else_the_first(
    turso: TursoClient, acme: Organization, keys: dict[str, Any], placement: str
) -> None:
    answers(acme, {"database": {"Name": "orders", "DbId": "1", "Hostname": "h"} | keys})

    assert (await turso.database("orders")).placement == placement


async def test_every_property_of_a_2023_database_is_read(turso: TursoClient, acme: Organization) -> None:
    answers(acme, sample("database_2023"))

    database = await turso.database("orders")

    assert (database.issued_cert_limit, database.issued_cert_count) == (10, 2)
    assert (database.regions, database.primary_region, database.type) == (("lhr", "nrt"), "lhr", "logical")
    assert not any((database.block_reads, database.block_writes, database.delete_protection, database.asleep))


async def test_every_property_of_todays_database_is_read(turso: TursoClient, acme: Organization) -> None:
    answers(acme, sample("database_now"))

    database = await turso.database("orders")

    assert (database.group, database.block_writes, database.delete_protection) == ("default", True, True)
    assert database.https_url == "https://orders-acme.aws-us-east-1.turso.io"
    assert database.libsql_url == "libsql://orders-acme.aws-us-east-1.turso.io"
    assert database.issued_cert_limit is None


SHARES = [
    {"uuid": "i-1", "usage": {"rows_read": 1000, "rows_written": 30, "storage_bytes": 36864}},
    {"uuid": "i-2", "usage": {"rows_read": 204, "rows_written": 7, "storage_bytes": 4096}},
]
BY_UUID = {share["uuid"]: share["usage"] for share in SHARES}


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(sample("usage_2023"), id="the whole of 2023"),
        pytest.param({"database": {"uuid": "u", "usage": TOTAL, "total": {"rows_read": 9}}}, id="usage before total"),
        pytest.param({"database": {"uuid": "u", "usage": None, "total": TOTAL}}, id="total as documented"),
        pytest.param({"database": {"uuid": "u"}, "total": TOTAL}, id="total at the top"),
        pytest.param({"database": {"uuid": "u", "instances": SHARES}}, id="the sum of the instances"),
        pytest.param({"database": {"uuid": "u"}, "instances": BY_UUID}, id="sum at the top"),
    ],
)
async def test_usage_totals_are_found_wherever_they_stand(turso: TursoClient, acme: Organization, body: Any) -> None:
    answers(acme, body)

    assert (await turso.database_usage("orders")).usage == Usage(**TOTAL)


async def test_todays_usage_has_synced_bytes(turso: TursoClient, acme: Organization) -> None:
    answers(acme, sample("usage_now"))

    assert (await turso.database_usage("orders")).usage.bytes_synced == 12


async def test_a_zero_may_be_left_out_or_null(turso: TursoClient, acme: Organization) -> None:
    answers(acme, {"database": {"uuid": "u", "usage": {"rows_read": None}}})

    assert (await turso.database_usage("orders")).usage == Usage()


@pytest.mark.parametrize(
    "instances",
    [
        pytest.param(SHARES, id="an array"),
        pytest.param({s["uuid"]: {"usage": s["usage"]} for s in SHARES}, id="an object of objects"),
        pytest.param(BY_UUID, id="an object of usages"),
    ],
)
async def test_usage_of_instances_is_read_as_array_or_object(
    turso: TursoClient, acme: Organization, instances: Any
) -> None:
    answers(acme, {"database": {"uuid": "u", "instances": instances}})

    shares = (await turso.database_usage("orders")).instances

    assert [(share.uuid, share.usage.rows_read) for share in shares] == [("i-1", 1000), ("i-2", 204)]


@pytest.mark.parametrize("nothing", [{"instances": None}, {}], ids=["null", "absent"])
async def test_usage_without_instances_has_none(
    turso: TursoClient, acme: Organization, nothing: dict[str, Any]
) -> None:
    answers(acme, {"database": {"uuid": "u", "usage": TOTAL} | nothing})

    assert (await turso.database_usage("orders")).instances == ()


async def test_a_period_is_sent_only_when_it_is_asked_for(turso: TursoClient, acme: Organization) -> None:
    acme.add("orders")

    await turso.database_usage("orders")
    east = timezone(timedelta(hours=2))
    await turso.database_usage(
        "orders", since=datetime(2026, 10, 1, 2, tzinfo=east), until=datetime(2026, 11, 1, tzinfo=UTC)
    )

    assert dict(acme.requests[0].url.params) == {}
    assert dict(acme.requests[1].url.params) == {"from": "2026-10-01T00:00:00Z", "to": "2026-11-01T00:00:00Z"}


async def test_a_time_without_zone_is_a_mistake_of_ours(turso: TursoClient, acme: Organization) -> None:
    with pytest.raises(ValueError, match="zone"):
        await turso.database_usage("orders", since=datetime(2026, 10, 1))  # noqa: DTZ001
    assert acme.requests == []


@pytest.mark.parametrize("generation", ["2023", "now"])
async def test_both_answers_to_a_creation_give_the_same_database(
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
        pytest.param({"hostname": "exact", "Hostname": "exact"}, "exact", id="both, in the other order"),
        pytest.param({"hostname": "lower"}, "lower", id="lower case alone"),
        pytest.param({"HostName": "pascal", "HOSTNAME": "upper"}, "upper", id="upper case alone"),
    ],
)
async def test_keys_are_read_exactly_first_then_in_other_casings(
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


async def test_an_instance_is_shown_by_what_it_is_never_by_parsing_its_name(
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


@pytest.mark.parametrize("key", ["storage_bytes", "storage"])
async def test_organization_usage_is_one_call_in_either_spelling(
    turso: TursoClient, acme: Organization, key: str
) -> None:
    share = {"uuid": "id-1", "instances": [], "usage": {"rows_read": 3, key: 4096}}
    answers(
        acme,
        {"organization": {"uuid": "o", "usage": {"rows_read": 3, key: 4096, "databases": 1}, "databases": [share]}},
    )

    usage = await turso.organization_usage()

    assert (usage.usage.storage_bytes, usage.database_count, usage.group_count) == (4096, 1, None)
    assert [(one.uuid, one.usage.storage_bytes) for one in usage.databases] == [("id-1", 4096)]
    assert len(acme.requests) == 1


async def test_organization_usage_without_totals_is_the_sum_of_its_databases(
    turso: TursoClient, acme: Organization
) -> None:
    shares = [{"uuid": "a", "usage": TOTAL}, {"uuid": "b", "total": TOTAL}]
    answers(acme, {"organization": {"uuid": "o", "databases": shares}})

    assert (await turso.organization_usage()).usage.rows_read == 2408


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
async def test_validate_says_when_the_api_token_ends(
    turso: TursoClient, acme: Organization, body: dict[str, Any], year: int | None
) -> None:
    answers(acme, body)

    expiry = await turso.validate()

    assert (expiry and expiry.year) == year


@pytest.mark.parametrize("subscription", [{"name": "starter", "plan": "starter"}, "starter"], ids=["object", "text"])
async def test_quotas_are_those_of_the_plan_that_is_subscribed(
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


async def test_quotas_that_turso_does_not_tell_are_none(turso: TursoClient, acme: Organization) -> None:
    acme.next_answers = [httpx.Response(200, json={"subscription": None})]

    assert await turso.quotas() is None


async def test_groups_are_read_with_what_is_there(turso: TursoClient, acme: Organization) -> None:
    answers(acme, {"groups": [{"name": "eu", "locations": None, "primary": "lhr", "uuid": "g", "status": {"x": 1}}]})

    (group,) = await turso.groups()

    assert (group.name, group.locations, group.primary, group.delete_protection) == ("eu", (), "lhr", None)


@pytest.mark.parametrize("database", [{"Name": "x"}, {"DbId": "1"}, "x"], ids=["no id", "no name", "no object"])
async def test_a_database_that_cannot_be_told_from_others_is_not_guessed(
    turso: TursoClient, acme: Organization, database: Any
) -> None:
    acme.next_answers = [httpx.Response(200, json={"database": database}) for _ in range(9)]

    with pytest.raises(Exception, match="can't be read"):
        await turso.database("x")


async def test_a_refusal_of_the_older_endpoint_is_told(turso: TursoClient, acme: Organization) -> None:
    acme.next_answers = [refuse(404, "route not found"), refuse(403, "token out of scope")]

    with pytest.raises(Exception, match="token out of scope"):
        await turso.top_queries("orders", since=datetime(2026, 10, 1, tzinfo=UTC))
