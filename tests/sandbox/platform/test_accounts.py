"""Groups, locations, organizations and API tokens, and the calls of the `turso` command line."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.platform.hosting import API_TOKEN, Hosted

Minted = Callable[..., Awaitable[dict[str, str]]]


async def test_groups_are_created_shown_and_deleted_with_their_databases(platform: Hosted) -> None:
    made = (await platform.api("POST", "/groups", json={"Name": "europe", "Location": "aws-eu-west-1"}))["group"]
    assert (made["name"], made["locations"], made["primary"]) == ("europe", ["aws-eu-west-1"], "aws-eu-west-1")
    assert (await platform.api("GET", "/groups/europe"))["group"] == made
    assert [group["name"] for group in (await platform.api("GET", "/groups"))["groups"]] == ["default", "europe"]
    assert await platform.api("POST", "/groups", status=409, json={"name": "europe", "location": "local"}) == {
        "error": "group already exists"
    }
    await platform.create("orders", group="europe")

    assert (await platform.api("DELETE", "/groups/europe"))["group"] == made

    assert await platform.api("GET", "/groups/europe", status=404) == {"error": "group not found"}
    assert (await platform.api("GET", "/databases"))["databases"] == []


async def test_a_group_needs_a_known_location(platform: Hosted) -> None:
    refused = await platform.api("POST", "/groups", status=400, json={"name": "moon", "location": "xyz"})

    assert refused == {"error": "invalid location: xyz"}


async def test_a_group_is_not_deleted_while_it_or_one_of_its_databases_is_protected(platform: Hosted) -> None:
    await platform.create("orders")
    await platform.api("PATCH", "/databases/orders/configuration", json={"delete_protection": True})
    await platform.api("DELETE", "/groups/default", status=403)
    await platform.api("PATCH", "/databases/orders/configuration", json={"delete_protection": False})

    assert await platform.api("PATCH", "/groups/default/configuration", json={"delete_protection": True}) == {
        "delete_protection": True
    }
    assert (await platform.api("GET", "/groups/default"))["group"]["delete_protection"] is True
    await platform.api("DELETE", "/groups/default", status=403)
    assert [group["name"] for group in (await platform.api("GET", "/groups"))["groups"]] == ["default"]


async def test_adding_or_removing_a_location_adds_or_removes_its_instances(platform: Hosted) -> None:
    await platform.create("orders")

    added = (await platform.api("POST", "/groups/default/locations/aws-us-east-1"))["group"]
    assert added["locations"] == ["local", "aws-us-east-1"]
    instances = (await platform.api("GET", "/databases/orders/instances"))["instances"]
    assert [(each["name"], each["type"]) for each in instances] == [("local", "primary"), ("aws-us-east-1", "replica")]
    assert (await platform.api("GET", "/databases/orders"))["database"]["regions"] == ["local", "aws-us-east-1"]
    assert (await platform.api("GET", "/databases/orders/instances/local"))["instance"] == instances[0]

    removed = (await platform.api("DELETE", "/groups/default/locations/aws-us-east-1"))["group"]
    assert removed["locations"] == ["local"]
    await platform.api("DELETE", "/groups/default/locations/local", status=400)
    await platform.api("DELETE", "/groups/default/locations/nope", status=404)


async def test_calls_that_the_turso_cli_makes_are_answered(platform: Hosted) -> None:
    async def get(path: str) -> Any:
        response = await platform.http.get(path)
        assert response.status_code == 200, path
        return response.json() if response.content else None

    assert await get("/v1/auth/validate") == {"exp": -1}
    assert (await get("/v1/current-user"))["user"]["username"] == "acme"
    assert (await get("/v1/user"))["user"].keys() >= {"username", "name", "email", "avatarUrl", "plan", "mfa"}
    (organization,) = (await get("/v2/organizations"))["organizations"]
    assert organization["id"]
    assert (await get("/v1/organizations"))["organizations"] == [organization]
    assert (await get("/v1/organizations/acme"))["organization"] == organization
    assert "aws-us-east-1" in (await get("/v2/organizations/acme/locations"))["locations"]["aws"]
    assert "aws-us-east-1" in (await get("/v1/locations"))["locations"]
    assert (await get("/v1/organizations/acme/plans"))["plans"][0]["quotas"]["rowsRead"] > 0
    assert (await get("/v1/organizations/acme/subscription"))["subscription"]["plan"] == "scaler"
    assert (await get("/v1/organizations/acme/members"))["members"][0]["role"] == "owner"
    assert await get("/v1/organizations/acme/groups/default/locations/local/wait") is None


async def test_the_personal_account_needs_no_organization_in_the_path(platform: Hosted) -> None:
    created = await platform.http.post("/v1/databases", json={"name": "orders", "location": "local"})
    assert created.status_code == 200

    assert (await platform.http.get("/v1/databases")).json() == await platform.api("GET", "/databases")
    assert (await platform.http.get("/v1/usage")).json()["organization"]["usage"]["databases"] == 1
    assert (await platform.http.delete("/v1/databases/orders")).json() == {"database": "orders"}


async def test_overages_can_be_turned_on(platform: Hosted) -> None:
    updated = await platform.api("PATCH", "", json={"overages": True})

    assert updated["organization"]["overages"] is True


async def test_the_audit_log_lists_operations_newest_first(platform: Hosted) -> None:
    await platform.create("orders")
    headers = {"user-agent": "turso-cli/1.2.3 (linux/amd64)"}
    await platform.api("POST", "/databases/orders/auth/tokens", headers=headers)
    await platform.api("DELETE", "/databases/orders")

    log = await platform.api("GET", "/audit-logs", params={"page": 1, "page_size": 2})

    assert [(entry["code"], entry["origin"]) for entry in log["audit_logs"]] == [
        ("db-delete", "web"),
        ("db-token-create", "cli"),
    ]
    assert log["pagination"] == {"page": 1, "page_size": 2, "total_pages": 2, "total_rows": 3}
    second = await platform.api("GET", "/audit-logs", params={"page": 2, "page_size": 2})
    assert [entry["code"] for entry in second["audit_logs"]] == ["db-create"]


@pytest.fixture
async def minted(platform: Hosted) -> Minted:
    """Return a function that creates an API token and returns the headers that use it."""

    async def mint(name: str, **body: Any) -> dict[str, str]:
        response = await platform.http.post(f"/v1/auth/api-tokens/{name}", json=body or None)
        assert response.status_code == 200, response.text
        assert response.json().keys() == {"name", "id", "token"}
        return {"authorization": f"Bearer {response.json()['token']}"}

    return mint


async def test_an_api_token_works_until_it_is_revoked_and_is_never_shown_again(
    platform: Hosted, minted: Minted, tmp_path: Path
) -> None:
    headers = await minted("ci")
    await platform.api("GET", "/databases", headers=headers)
    listed = (await platform.http.get("/v1/auth/api-tokens")).json()["tokens"]
    assert [(token["name"], sorted(token)) for token in listed] == [("ci", ["created_at", "id", "name"])]
    text = headers["authorization"].split()[1]
    assert all(text.encode() not in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())

    assert (await platform.http.delete("/v1/auth/api-tokens/ci")).json() == {"token": "ci"}

    assert await platform.api("GET", "/databases", status=401, headers=headers) == {"error": "could not parse jwt id"}
    assert (await platform.http.delete("/v1/auth/api-tokens/ci")).status_code == 404


async def test_an_organizations_token_cannot_access_another_organization(platform: Hosted, minted: Minted) -> None:
    await platform.http.post("/v1/organizations", json={"name": "umbrella"})
    headers = await minted("acme-only", organization="acme")

    await platform.api("GET", "/databases", headers=headers)
    assert (await platform.http.get("/v1/organizations/umbrella/databases", headers=headers)).status_code == 403
    theirs = (await platform.http.get("/v1/organizations/umbrella/api-tokens")).json()["tokens"]
    (ours,) = (await platform.api("GET", "/api-tokens"))["tokens"]
    assert theirs == []
    assert ours["owner"]["username"] == "acme"
    foreign = await platform.http.delete(f"/v1/organizations/umbrella/api-tokens/{ours['id']}")
    assert foreign.status_code == 404
    assert await platform.api("DELETE", f"/api-tokens/{ours['id']}") == {"token": ours["id"]}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        pytest.param("PATCH", "", {"overages": True}, id="turn overages on"),
        pytest.param("POST", "/groups", {"name": "europe", "location": "aws-eu-west-1"}, id="create a group"),
        pytest.param("DELETE", "/groups/default", None, id="delete a group"),
    ],
)
async def test_an_organizations_token_cannot_change_another_organization(
    platform: Hosted, minted: Minted, method: str, path: str, body: Any
) -> None:
    await platform.http.post("/v1/organizations", json={"name": "umbrella"})
    headers = await minted("umbrella-only", organization="umbrella")

    foreign = await platform.http.request(method, f"/v1/organizations/acme{path}", json=body, headers=headers)

    assert foreign.status_code == 403


async def test_a_group_cannot_be_created_in_a_missing_organization(platform: Hosted) -> None:
    body = {"name": "europe", "location": "aws-eu-west-1"}

    missing = await platform.http.post("/v1/organizations/missing/groups", json=body)

    assert (missing.status_code, missing.json()) == (404, {"error": "organization not found"})


async def test_a_groups_token_has_its_scopes_only_in_its_group(platform: Hosted, minted: Minted) -> None:
    await platform.api("POST", "/groups", json={"name": "europe", "location": "aws-eu-west-1"})
    await platform.create("inside", group="europe")
    await platform.create("outside")
    headers = await minted("bot", organization="acme", group="europe", scopes=["read", "db:mint-token"])

    listed = (await platform.api("GET", "/databases", headers=headers))["databases"]
    assert [each["Name"] for each in listed] == ["inside"]
    await platform.api("POST", "/databases/inside/auth/tokens", headers=headers)
    for method, path in [
        ("GET", "/databases/outside"),
        ("POST", "/databases/outside/auth/tokens"),
        ("POST", "/databases/inside/auth/rotate"),
        ("DELETE", "/databases/inside"),
        ("POST", "/groups"),
        ("DELETE", "/groups/europe"),
        ("GET", "/groups/default"),
    ]:
        refused = await platform.api(method, path, status=403, headers=headers)
        assert refused["error"].startswith("token does not have"), path


async def test_even_a_groups_token_with_every_scope_reaches_only_its_group(platform: Hosted, minted: Minted) -> None:
    await platform.api("POST", "/groups", json={"name": "europe", "location": "aws-eu-west-1"})
    await platform.create("inside", group="europe")
    await platform.create("outside")
    headers = await minted("bot", organization="acme", group="europe", scopes=["full-access"])

    for method, path in [
        ("GET", "/databases/outside"),
        ("GET", "/databases/outside/usage"),
        ("PATCH", "/databases/outside/configuration"),
        ("POST", "/databases/outside/auth/tokens"),
        ("POST", "/databases/outside/auth/rotate"),
        ("DELETE", "/databases/outside"),
        ("DELETE", "/groups/default"),
    ]:
        await platform.api(method, path, status=403, headers=headers, json={} if method == "PATCH" else None)
    assert await platform.api("DELETE", "/databases/inside", headers=headers) == {"database": "inside"}
    assert [each["Name"] for each in (await platform.api("GET", "/databases"))["databases"]] == ["outside"]


async def test_a_preset_of_scopes_is_expanded(platform: Hosted, minted: Minted) -> None:
    await minted("all", group="default", scopes=["full-access"])
    (token,) = (await platform.http.get("/v1/auth/api-tokens")).json()["tokens"]
    assert len(token["scopes"]) == 9


async def test_an_api_token_with_an_unknown_scope_or_group_or_a_taken_name_is_refused(
    platform: Hosted, minted: Minted
) -> None:
    await minted("taken")
    path = "/v1/auth/api-tokens/bad"
    assert (await platform.http.post(path, json={"group": "default", "scopes": ["all"]})).status_code == 400
    assert (await platform.http.post(path, json={"group": "nope"})).status_code == 404
    assert (await platform.http.post("/v1/auth/api-tokens/taken")).status_code == 409
    assert [token["name"] for token in (await platform.http.get("/v1/auth/api-tokens")).json()["tokens"]] == ["taken"]


async def test_version_2_of_the_api_returns_a_created_token_inside_an_object(platform: Hosted) -> None:
    minted = (await platform.http.post("/v2/auth/api-tokens/cli")).json()

    headers = {"authorization": f"Bearer {minted['token']['value']}"}
    assert (await platform.http.get("/v1/auth/validate", headers=headers)).json() == {"exp": -1}


async def test_an_api_token_is_not_stored_on_disk(platform: Hosted, tmp_path: Path) -> None:
    await platform.create("orders")

    files = [path for path in tmp_path.rglob("*") if path.is_file()]

    assert files
    assert all(API_TOKEN.encode() not in path.read_bytes() for path in files)
