"""Archived groups: their databases refuse requests until the whole group is woken."""

from pathlib import Path

import libsql
import pytest

from tests.sandbox.platform.hosting import Client, Hosted, Process, stmt


async def archive(platform: Hosted, group: str = "default") -> None:
    response = await platform.http.post(f"/_admin/groups/{group}/archive")
    assert response.status_code == 200


async def test_an_archived_group_and_its_databases_are_marked(platform: Hosted, orders: Client) -> None:
    await archive(platform)

    database = (await platform.api("GET", "/databases/orders"))["database"]
    (listed,) = (await platform.api("GET", "/groups"))["groups"]
    assert (database["archived"], database["sleeping"], listed["archived"]) == (True, True, True)


async def test_an_archived_database_refuses_with_a_reason_and_serves_the_same_rows_once_its_group_is_woken(
    platform: Hosted, orders: Client
) -> None:
    await orders.run("CREATE TABLE t AS SELECT 7 AS x")
    await archive(platform)

    refused = await orders.post(json={"requests": [stmt("SELECT x FROM t")]})
    assert (refused.status_code, refused.json()["error"]) == (
        502,
        "upstream forward failed: group default is archived",
    )
    woken = (await platform.api("POST", "/groups/default/unarchive"))["group"]

    assert woken["archived"] is False
    assert (await orders.run("SELECT x FROM t")).rows() == [[7]]


async def test_an_open_stream_ends_when_its_group_is_archived(platform: Hosted, orders: Client) -> None:
    baton = (await orders.ask(stmt("BEGIN"))).baton
    await archive(platform)
    await platform.api("POST", "/groups/default/unarchive")

    response = await orders.post(json={"baton": baton, "requests": [stmt("COMMIT")]})

    assert response.status_code == 400


async def test_a_single_database_of_a_group_cannot_be_woken(platform: Hosted, orders: Client) -> None:
    await archive(platform)

    refused = await platform.api("POST", "/databases/orders/wakeup", 400)

    assert refused == {"error": "database orders is part of a group, please unarchive the group instead"}
    assert (await platform.api("GET", "/databases/orders"))["database"]["archived"] is True


async def test_no_database_is_created_in_an_archived_group(platform: Hosted) -> None:
    await archive(platform)

    refused = await platform.api("POST", "/databases", 400, json={"name": "orders", "group": "default"})

    assert refused == {"error": "cannot create database on group default because it is sleeping"}


async def test_waking_is_in_the_audit_log_once(platform: Hosted, orders: Client) -> None:
    await archive(platform)
    for _ in range(2):
        await platform.api("POST", "/groups/default/unarchive")

    entries = (await platform.api("GET", "/audit-logs"))["audit_logs"]
    assert [entry["code"] for entry in entries].count("group-unarchive") == 1


async def test_an_unknown_group_is_neither_archived_nor_woken(platform: Hosted) -> None:
    assert (await platform.http.post("/_admin/groups/nowhere/archive")).status_code == 404
    await platform.api("POST", "/groups/nowhere/unarchive", 404)


async def test_an_archived_group_stays_archived_after_a_restart(tmp_path: Path) -> None:
    first = Hosted(tmp_path, admin=True)
    await first.create("orders")
    await archive(first)
    await first.close()

    second = Hosted(tmp_path)
    assert (await second.api("GET", "/groups/default"))["group"]["archived"] is True
    await second.close()


def test_a_python_client_learns_why_an_archived_database_refuses(server: Process) -> None:
    url, token = server.create("orders"), server.token("orders")
    assert server.http.post("/_admin/groups/default/archive").status_code == 200

    with pytest.raises(ValueError, match=r"502.*archived"):
        libsql.connect(database=url, auth_token=token).execute("SELECT 1").fetchall()
    server.api("POST", "/groups/default/unarchive")

    assert libsql.connect(database=url, auth_token=token).execute("SELECT 1").fetchall() == [(1,)]
