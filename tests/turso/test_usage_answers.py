"""The client gets the same usage of databases, instances and organizations from the responses of both APIs."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from bot.turso.client import TursoClient
from bot.turso.models import Usage

from .organization import Organization, answers, sample

TOTAL = {"rows_read": 1204, "rows_written": 37, "storage_bytes": 40960}


SHARES = [
    {"uuid": "i-1", "usage": {"rows_read": 1000, "rows_written": 30, "storage_bytes": 36864}},
    {"uuid": "i-2", "usage": {"rows_read": 204, "rows_written": 7, "storage_bytes": 4096}},
]
BY_UUID = {share["uuid"]: share["usage"] for share in SHARES}


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(sample("usage_2023"), id="every place, as in 2023"),
        pytest.param({"database": {"uuid": "u", "usage": TOTAL, "total": {"rows_read": 9}}}, id="usage before total"),
        pytest.param({"database": {"uuid": "u", "usage": None, "total": TOTAL}}, id="total as documented"),
        pytest.param({"database": {"uuid": "u"}, "total": TOTAL}, id="total at the top"),
        pytest.param({"database": {"uuid": "u", "instances": SHARES}}, id="the sum of the instances"),
        pytest.param({"database": {"uuid": "u"}, "instances": BY_UUID}, id="the sum of the instances at the top"),
    ],
)
async def test_usage_totals_are_read_from_every_place_where_turso_returns_them(
    turso: TursoClient, acme: Organization, body: Any
) -> None:
    answers(acme, body)

    assert (await turso.database_usage("orders")).usage == Usage(**TOTAL)


async def test_todays_usage_has_synced_bytes(turso: TursoClient, acme: Organization) -> None:
    answers(acme, sample("usage_now"))

    assert (await turso.database_usage("orders")).usage.bytes_synced == 12


async def test_a_number_that_turso_leaves_out_or_sends_as_null_is_unknown(
    turso: TursoClient, acme: Organization
) -> None:
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


async def test_a_period_is_sent_only_when_it_is_given(turso: TursoClient, acme: Organization) -> None:
    acme.add("orders")

    await turso.database_usage("orders")
    east = timezone(timedelta(hours=2))
    await turso.database_usage(
        "orders", since=datetime(2026, 10, 1, 2, tzinfo=east), until=datetime(2026, 11, 1, tzinfo=UTC)
    )

    assert dict(acme.requests[0].url.params) == {}
    assert dict(acme.requests[1].url.params) == {"from": "2026-10-01T00:00:00Z", "to": "2026-11-01T00:00:00Z"}


async def test_a_period_with_a_time_without_a_zone_raises_an_error(turso: TursoClient, acme: Organization) -> None:
    with pytest.raises(ValueError, match="zone"):
        await turso.database_usage("orders", since=datetime(2026, 10, 1))  # noqa: DTZ001
    assert acme.requests == []


@pytest.mark.parametrize("key", ["storage_bytes", "storage"])
async def test_the_organizations_usage_is_read_in_one_call_in_either_spelling(
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


async def test_the_organizations_usage_without_totals_is_the_sum_of_its_databases(
    turso: TursoClient, acme: Organization
) -> None:
    shares = [{"uuid": "a", "usage": TOTAL}, {"uuid": "b", "total": TOTAL}]
    answers(acme, {"organization": {"uuid": "o", "databases": shares}})

    assert (await turso.organization_usage()).usage.rows_read == 2408
