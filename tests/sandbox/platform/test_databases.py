"""Databases on the control plane, which responds like today's Platform API."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.sandbox.platform.hosting import API_TOKEN, Client, Hosted


async def test_a_created_database_is_listed_with_every_property_and_can_be_fetched(platform: Hosted) -> None:
    created = await platform.create("orders", group="default")

    assert created.keys() == {"DbId", "Hostname", "Name"}
    listed = (await platform.api("GET", "/databases"))["databases"]
    assert listed == [
        {
            "Name": "orders",
            "DbId": created["DbId"],
            "Hostname": "127.0.0.1:4000/db/orders",
            "group": "default",
            "primaryRegion": "local",
            "regions": ["local"],
            "type": "logical",
            "block_reads": False,
            "block_writes": False,
            "allow_attach": False,
            "delete_protection": False,
            "sleeping": False,
            "archived": False,
            "is_schema": False,
            "schema": "",
            "parent": None,
        }
    ]
    assert (await platform.api("GET", "/databases/orders"))["database"] == listed[0]


async def test_the_hostname_has_the_port_of_the_request(platform: Hosted) -> None:
    await platform.create("orders")

    listed = await platform.api("GET", "/databases", headers={"host": "localhost:8123"})

    assert listed["databases"][0]["Hostname"] == "127.0.0.1:8123/db/orders"


async def test_a_public_url_is_used_as_the_hostname_instead(tmp_path: Path) -> None:
    hosted = Hosted(tmp_path, public_url="https://turso.example:8443/try/")

    created = await hosted.create("orders")

    assert created["Hostname"] == "turso.example:8443/try/db/orders"
    await hosted.close()


async def test_a_taken_name_is_a_conflict_and_changes_nothing(platform: Hosted) -> None:
    first = await platform.create("orders")

    refused = await platform.api("POST", "/databases", status=409, json={"name": "orders"})

    assert refused == {"error": "database with name orders already exists"}
    assert (await platform.api("GET", "/databases/orders"))["database"]["DbId"] == first["DbId"]


async def test_of_many_simultaneous_creations_of_a_name_one_succeeds(platform: Hosted) -> None:
    asked = [platform.http.post("/v1/organizations/acme/databases", json={"name": "orders"}) for _ in range(10)]

    statuses = sorted(response.status_code for response in await asyncio.gather(*asked))

    assert statuses == [200] + [409] * 9
    assert len((await platform.api("GET", "/databases"))["databases"]) == 1


@pytest.mark.parametrize(
    "name",
    ["", "Orders", "orders_1", "-orders", "orders-", "../orders", "orders/x", "a" * 65, "ö", "or ders", None, 7, ["a"]],
)
async def test_a_name_outside_the_rules_is_refused(platform: Hosted, name: Any) -> None:
    refused = await platform.api("POST", "/databases", status=400, json={"name": name})

    assert "invalid database name" in refused["error"]


async def test_an_unknown_group_is_refused(platform: Hosted) -> None:
    refused = await platform.api("POST", "/databases", status=400, json={"name": "orders", "group": "nope"})

    assert refused == {"error": "group not found"}


async def test_an_unknown_object_is_not_found(platform: Hosted) -> None:
    for method, path in [
        ("GET", "/databases/nope"),
        ("DELETE", "/databases/nope"),
        ("POST", "/databases/nope/auth/tokens"),
        ("POST", "/databases/nope/auth/rotate"),
        ("GET", "/databases/nope/usage"),
        ("GET", "/databases/nope/configuration"),
    ]:
        refused = await platform.api(method, path, status=404)
        assert refused == {"error": "could not find database with name nope: record not found"}, path


async def test_a_destroyed_database_is_gone_with_its_file_and_its_name_is_free(
    platform: Hosted, orders: Client, tmp_path: Path
) -> None:
    before = (await platform.api("GET", "/databases/orders"))["database"]
    await orders.run("CREATE TABLE t(a)")

    assert await platform.api("DELETE", "/databases/orders") == {"database": "orders"}

    assert list((tmp_path / "data" / "databases").iterdir()) == []
    assert (await orders.post(json={"requests": []})).status_code == 404
    again = await platform.create("orders")
    assert again["DbId"] != before["DbId"]
    assert (await orders.post(json={"requests": []})).status_code == 401


async def test_delete_protection_of_the_database_or_of_its_group_stops_a_destroy(platform: Hosted) -> None:
    await platform.create("orders")
    await platform.api("PATCH", "/databases/orders/configuration", json={"delete_protection": True})
    refused = await platform.api("DELETE", "/databases/orders", status=403)
    assert "delete protection" in refused["error"]

    await platform.api("PATCH", "/databases/orders/configuration", json={"delete_protection": False})
    await platform.api("PATCH", "/groups/default/configuration", json={"delete_protection": True})
    await platform.api("DELETE", "/databases/orders", status=403)

    await platform.api("PATCH", "/groups/default/configuration", json={"delete_protection": False})
    await platform.api("DELETE", "/databases/orders")


async def test_a_patch_changes_only_the_settings_it_has_and_null_only_empties_a_list(platform: Hosted) -> None:
    await platform.create("orders", size_limit="256mb")
    path = "/databases/orders/configuration"

    changed = await platform.api("PATCH", path, json={"block_writes": True, "allowed_ips": ["10.0.0.0/8"]})
    assert changed == {
        "size_limit": "268435456",
        "allow_attach": False,
        "block_reads": False,
        "block_writes": True,
        "delete_protection": False,
        "allowed_ips": ["10.0.0.0/8"],
        "allowed_aws_vpc_ids": [],
    }

    nulls = {"block_writes": None, "delete_protection": None, "size_limit": None, "allowed_ips": None}
    left = await platform.api("PATCH", path, json=nulls)
    assert left == changed | {"allowed_ips": []}
    assert await platform.api("GET", path) == left


async def test_a_list_can_be_limited_to_a_group_and_read_in_pages(platform: Hosted) -> None:
    await platform.api("POST", "/groups", json={"name": "europe", "location": "aws-eu-west-1"})
    for name in ("a", "b", "c"):
        await platform.create(name, group="europe")
    await platform.create("d")

    async def names(**query: Any) -> tuple[list[str], Any]:
        answer = await platform.api("GET", "/databases", params=query)
        return [each["Name"] for each in answer["databases"]], answer.get("pagination")

    assert await names() == (["a", "b", "c", "d"], None)
    assert await names(group="europe") == (["a", "b", "c"], None)
    first, pagination = await names(limit=2)
    assert first == ["a", "b"]
    assert await names(limit=2, cursor=pagination["next"]) == (["c", "d"], {"next": None})


async def test_a_database_can_begin_as_a_copy_of_another(platform: Hosted, orders: Client) -> None:
    await orders.run("CREATE TABLE t(a)")
    await orders.run("INSERT INTO t VALUES (1), (2)")

    for number, key in enumerate(("name", "value")):
        await platform.create(f"copy-{number}", seed={"type": "database", key: "orders"})
        copy = await platform.database(f"copy-{number}")
        assert (await copy.run("SELECT a FROM t")).rows() == [[1], [2]]
        shown = (await platform.api("GET", f"/databases/copy-{number}"))["database"]
        assert shown["parent"]["name"] == "orders"

    await orders.run("INSERT INTO t VALUES (3)")
    assert (await copy.run("SELECT count(*) FROM t")).rows() == [[2]]
    branches = await platform.api("GET", "/databases", params={"parent": shown["parent"]["id"]})
    assert [each["Name"] for each in branches["databases"]] == ["copy-0", "copy-1"]


@pytest.mark.parametrize(
    "body",
    [
        {"seed": {"type": "database", "name": "nope"}},
        {"seed": {"type": "database"}},
        {"seed": {"type": "dump", "url": "https://example.com/dump.sql"}},
        {"seed": {"type": "database_upload"}},
        {"seed": {"type": "database", "name": "orders", "timestamp": "2020-01-01T00:00:00Z"}},
        {"seed": "orders"},
        {"remote_encryption": {"encryption_key": "x", "encryption_cipher": "aes256gcm"}},
        {"size_limit": "much"},
        {"seed": {"type": "database", "name": "orders"}, "size_limit": "much"},
    ],
)
async def test_a_database_that_cannot_be_created_as_requested_is_refused_and_leaves_nothing(
    platform: Hosted, orders: Client, body: dict[str, Any], tmp_path: Path
) -> None:
    files = sorted((tmp_path / "data" / "databases").iterdir())

    await platform.api("POST", "/databases", status=400, json={"name": "copy"} | body)

    assert [each["Name"] for each in (await platform.api("GET", "/databases"))["databases"]] == ["orders"]
    assert sorted((tmp_path / "data" / "databases").iterdir()) == files


async def test_a_size_limit_is_enforced_until_it_is_raised(platform: Hosted) -> None:
    await platform.create("orders", size_limit="32kb")
    orders = await platform.database("orders")
    await orders.run("CREATE TABLE t(a)")

    refused = await orders.run("INSERT INTO t VALUES (randomblob(100000))")

    assert refused.code() == "SQLITE_FULL"
    await platform.api("PATCH", "/databases/orders/configuration", json={"size_limit": "1mb"})
    assert (await orders.run("INSERT INTO t VALUES (randomblob(100000))")).code() is None


@pytest.mark.parametrize(
    ("header", "text"),
    [
        (None, "Authentication required"),
        ("", "Authentication required"),
        (f"Basic {API_TOKEN}", "Authentication required"),
        ("Bearer something-else", "token contains an invalid number of segments"),
    ],
)
async def test_a_request_without_a_valid_token_gets_a_401(platform: Hosted, header: str | None, text: str) -> None:
    headers = {} if header is None else {"authorization": header}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(platform.app), base_url="http://p") as stranger:
        response = await stranger.get("/v1/organizations/acme/databases", headers=headers)

    assert (response.status_code, response.json()) == (401, {"error": text})


async def test_a_database_token_does_not_open_the_control_plane(platform: Hosted, orders: Client) -> None:
    response = await platform.http.get("/v1/organizations/acme/databases", headers=orders.headers)

    assert (response.status_code, response.json()) == (401, {"error": "could not parse jwt id"})


async def test_unknown_paths_and_methods_answer_in_json(platform: Hosted) -> None:
    unknown = await platform.http.get("/v1/nothing/here")
    assert (unknown.status_code, unknown.json()) == (404, {"error": "route not found"})
    assert (await platform.http.put("/v1/organizations/acme/databases")).status_code == 405


async def test_several_organizations_do_not_see_each_others_databases(platform: Hosted) -> None:
    await platform.http.post("/v1/organizations", json={"name": "umbrella"})
    await platform.create("orders")
    path = "/v1/organizations/umbrella"
    await platform.http.post(f"{path}/groups", json={"name": "default", "location": "local"})
    theirs = (await platform.http.post(f"{path}/databases", json={"name": "orders"})).json()["database"]

    ours = (await platform.api("GET", "/databases"))["databases"]

    assert [each["Name"] for each in ours] == ["orders"]
    assert ours[0]["DbId"] != theirs["DbId"]
    listed = (await platform.http.get(f"{path}/databases")).json()["databases"]
    assert [each["DbId"] for each in listed] == [theirs["DbId"]]
    assert theirs["Hostname"] == "127.0.0.1:4000/db/orders.umbrella"
    token = (await platform.http.post(f"{path}/databases/orders/auth/tokens")).json()["jwt"]
    headers = {"authorization": f"Bearer {token}"}
    opened = await platform.http.post("/db/orders.umbrella/v2/pipeline", json={"requests": []}, headers=headers)
    assert opened.status_code == 200
    refused = await platform.http.post("/db/orders/v2/pipeline", json={"requests": []}, headers=headers)
    assert refused.status_code == 401
    missing = await platform.http.get("/v1/organizations/nobody/databases")
    assert (missing.status_code, missing.json()) == (404, {"error": "organization not found"})
