"""A local Turso that responds like the Platform API of 2023: other responses, instances, names and errors."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.sandbox.platform.hosting import Client, Hosted


@pytest.fixture
async def old(tmp_path: Path) -> AsyncIterator[Hosted]:
    hosted = Hosted(tmp_path, generation="2023")
    yield hosted
    await hosted.close()


async def test_a_new_database_has_no_instance_and_is_served_once_it_has_one(old: Hosted) -> None:
    created = await old.api("POST", "/databases", json={"name": "orders"})
    assert created.keys() == {"database", "username", "password"}
    assert created["database"] == {
        "Name": "orders",
        "DbId": created["database"]["DbId"],
        "Hostname": "127.0.0.1:4000/db/orders",
        "regions": [],
        "primaryRegion": "",
        "type": "logical",
        "IssuedCertLimit": 0,
        "IssuedCertCount": 0,
    }
    orders = Client(old, "orders", await old.token("orders"))
    assert (await orders.post(json={"requests": []})).status_code == 404

    made = await old.api("POST", "/databases/orders/instances", json={"location": "fra"})
    assert made.keys() == {"instance", "username", "password"}
    assert (made["instance"]["type"], made["instance"]["region"]) == ("primary", "fra")
    assert (await orders.run("SELECT 1")).rows() == [[1]]
    listed = (await old.api("GET", "/databases"))["databases"][0]
    assert (listed["primaryRegion"], listed["regions"]) == ("fra", ["fra"])


async def test_replicas_can_be_added_and_removed_and_the_primary_cannot_be_removed(old: Hosted) -> None:
    await old.create("orders")
    path = "/databases/orders/instances"
    primary = (await old.api("POST", path, json={"location": "fra"}))["instance"]["name"]
    replica = (await old.api("POST", path, json={"location": "nrt"}))["instance"]
    assert replica["type"] == "replica"
    assert await old.api("GET", f"{path}/{replica['name']}/wait") is None
    assert (await old.api("GET", f"{path}/{replica['name']}"))["instance"] == replica

    assert await old.api("DELETE", f"{path}/{replica['name']}") == {"instance": replica["name"]}

    assert "primary" in (await old.api("DELETE", f"{path}/{primary}", status=400))["error"]
    await old.api("GET", f"{path}/{replica['name']}", status=404)
    assert (await old.api("POST", path, status=400, json={"location": "xyz"})) == {"error": "invalid location: xyz"}


async def test_usage_has_the_shape_of_2023(old: Hosted) -> None:
    await old.create("orders", group="default")
    orders = Client(old, "orders", await old.token("orders"))
    await orders.run("CREATE TABLE t(a)")

    usage = await old.api("GET", "/databases/orders/usage")

    assert usage.keys() == {"database", "instances", "total"}
    (instance,) = usage["database"]["instances"]
    assert usage["instances"] == {instance["uuid"]: instance["usage"]}
    assert usage["total"] == usage["database"]["usage"] == {"rows_read": 1, "rows_written": 0, "storage_bytes": 8192}
    totals = (await old.api("GET", "/usage"))["organization"]["usage"]
    assert "storage" in totals
    assert "storage_bytes" not in totals


async def test_names_have_at_most_32_characters_and_ids_are_uuids_of_version_1(old: Hosted) -> None:
    await old.api("POST", "/databases", status=400, json={"name": "a" * 33})
    created = await old.create("a" * 32)

    assert created["DbId"][14] == "1"


async def test_locations_are_airport_codes(old: Hosted) -> None:
    codes = (await old.http.get("/v1/locations")).json()["locations"]

    assert "fra" in codes
    assert "aws-us-east-1" not in codes


@pytest.mark.parametrize(
    ("header", "text"),
    [
        ("", "Unauthorized: `Expected authorization header but none given`"),
        ("Bearer abc", "Unauthorized: `The JWT is invalid`"),
    ],
)
async def test_refusals_have_the_messages_of_the_open_source_server(old: Hosted, header: str, text: str) -> None:
    await old.create("orders", group="default")

    response = await old.http.post("/db/orders/v2/pipeline", headers={"authorization": header}, json={"requests": []})

    assert (response.status_code, response.json()["error"]) == (401, text)
