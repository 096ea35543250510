"""Changes of databases and tokens: what is sent, how many times, and what is returned."""

import json
from typing import Any

import httpx
import pytest

from bot.turso.client import TursoClient
from bot.turso.errors import (
    AlreadyExists,
    DatabaseNotFound,
    DestroyProtected,
    GroupNotFound,
    OutcomeUnknown,
    PartlyDone,
    TursoForbidden,
)
from bot.turso.places import default_group_of

from .organization import Organization, refuse

DATABASES = "/v1/organizations/acme/databases"


async def test_values_that_the_answer_to_a_creation_omits_are_read_afterwards(
    turso: TursoClient, acme: Organization
) -> None:
    created = await turso.create_database("orders", group="default")

    assert (created.name, created.group, created.primary_region) == ("orders", "default", "aws-us-east-1")
    assert json.loads(acme.requests[0].content) == {"name": "orders", "group": "default"}
    assert acme.log() == [f"POST {DATABASES}", f"GET {DATABASES}/orders"]


async def test_a_creation_succeeds_even_if_the_database_cannot_be_read_afterwards(
    turso: TursoClient, acme: Organization
) -> None:
    acme.next_answers = [
        httpx.Response(200, json={"database": {"Name": "orders", "DbId": "id-1", "Hostname": "h"}}),
        *[refuse(503, "busy")] * 10,
    ]

    created = await turso.create_database("orders", group="default")

    assert (created.name, created.db_id, created.hostname) == ("orders", "id-1", "h")


@pytest.mark.parametrize(("asked", "placed"), [("lhr", "lhr"), (None, "ams")])
async def test_the_2023_api_creates_a_database_with_one_instance(
    turso_2023: TursoClient, acme_2023: Organization, asked: str | None, placed: str
) -> None:
    created = await turso_2023.create_database("orders", location=asked)

    assert created.primary_region == placed
    assert [line for line in acme_2023.log() if line.startswith("POST")] == [
        f"POST {DATABASES}",
        f"POST {DATABASES}/orders/instances",
    ]


@pytest.mark.parametrize(
    ("fault", "said"),
    [(refuse(400, "invalid location: xyz"), "invalid location: xyz"), (httpx.ConnectError(""), "Turso is unreachable")],
    ids=["refused", "no connection"],
)
async def test_if_the_first_instance_fails_the_error_says_that_the_database_exists(
    turso_2023: TursoClient, acme_2023: Organization, fault: httpx.Response | httpx.ConnectError, said: str
) -> None:
    def fails(request: httpx.Request) -> httpx.Response | None:
        if request.method != "POST" or not request.url.path.endswith("/instances"):
            return None
        if isinstance(fault, Exception):
            raise fault
        return fault

    acme_2023.instead = fails

    with pytest.raises(PartlyDone, match=rf"`orders` was created, but .*{said}"):
        await turso_2023.create_database("orders", location="xyz")


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(refuse(409, "database with name orders already exists"), id="409 as documented"),
        pytest.param(refuse(400, "database with same name already exists"), id="400 as it is now"),
        pytest.param(refuse(422, "name not available"), id="422 as the CLI expects"),
    ],
)
async def test_each_of_tursos_answers_about_a_taken_name_becomes_the_same_error(
    turso: TursoClient, acme: Organization, answer: Any
) -> None:
    acme.next_answers = [answer]

    with pytest.raises(AlreadyExists, match="`orders` already exists") as caught:
        await turso.create_database("orders", group="default")

    assert caught.value.name == "orders"


async def test_the_error_names_an_unknown_group_of_a_new_database(turso: TursoClient) -> None:
    with pytest.raises(GroupNotFound) as caught:
        await turso.create_database("orders", group="nowhere")

    assert (caught.value.name, caught.value.status) == ("nowhere", 400)


async def test_destroying_removes_the_database(turso: TursoClient, acme: Organization) -> None:
    acme.add("orders")

    await turso.destroy_database("orders")

    with pytest.raises(DatabaseNotFound, match="no database `orders`"):
        await turso.destroy_database("orders")


@pytest.mark.parametrize("owner", ["the database", "its group `default`"])
async def test_a_destroy_refused_because_of_protection_names_the_protection(
    turso: TursoClient, acme: Organization, owner: str
) -> None:
    acme.add("orders", delete_protection=owner == "the database")
    acme.groups["default"]["delete_protection"] = owner != "the database"

    with pytest.raises(DestroyProtected, match=f"delete protection is on for {owner}"):
        await turso.destroy_database("orders")

    assert "orders" in acme.databases
    assert len(acme.requests) <= 3


async def test_a_destroy_refused_for_another_reason_than_protection_keeps_its_error(
    turso: TursoClient, acme: Organization
) -> None:
    acme.add("orders")
    acme.next_answers = [refuse(403, "token out of scope")]

    with pytest.raises(TursoForbidden, match="token out of scope"):
        await turso.destroy_database("orders")


async def test_a_new_token_is_hidden_until_it_is_revealed(turso: TursoClient, acme: Organization) -> None:
    acme.add("orders")

    minted = await turso.mint_token("orders", expiration="1h", read_only=True)

    secret = minted.token.get_secret_value()
    assert secret.startswith("eyJ")
    assert secret not in f"{minted!r} {minted} {minted.model_dump()}"
    assert dict(acme.requests[0].url.params) == {"expiration": "1h", "authorization": "read-only"}
    assert acme.requests[0].content == b""


async def test_special_characters_of_the_expiration_are_escaped(turso: TursoClient, acme: Organization) -> None:
    acme.add("orders")

    await turso.mint_token("orders", expiration="+1h5µs", read_only=False)

    assert b"expiration=%2B1h5%C2%B5s" in acme.requests[0].url.query
    assert acme.requests[0].url.params["authorization"] == "full-access"


async def test_if_the_answer_to_a_token_creation_has_no_token_the_outcome_is_unknown(
    turso: TursoClient, acme: Organization
) -> None:
    acme.next_answers = [httpx.Response(200, text="<html>proxy</html>")]

    with pytest.raises(OutcomeUnknown):
        await turso.mint_token("orders", expiration="1h", read_only=True)


async def test_an_empty_answer_to_a_rotation_is_a_success(turso: TursoClient, acme: Organization) -> None:
    acme.add("orders")

    await turso.invalidate_tokens("orders")

    assert acme.rotated == ["orders"]


async def test_a_configuration_sends_only_what_changes(turso: TursoClient, acme: Organization) -> None:
    acme.add("orders")

    after = await turso.configure("orders", block_writes=True)

    assert json.loads(acme.requests[0].content) == {"block_writes": True}
    assert (after.block_writes, after.block_reads, after.size_limit) == (True, False, "268435456")


async def test_after_an_empty_response_to_a_change_the_configuration_is_read_back(
    turso: TursoClient, acme: Organization
) -> None:
    acme.add("orders")
    acme.next_answers = [httpx.Response(200)]

    assert (await turso.configure("orders", block_writes=True)).size_limit == "268435456"
    assert [request.method for request in acme.requests] == ["PATCH", "GET"]


@pytest.mark.parametrize("name", ["", ".", ".."])
async def test_a_name_that_would_be_another_path_is_never_sent(
    turso: TursoClient, acme: Organization, name: str
) -> None:
    with pytest.raises(DatabaseNotFound):
        await turso.destroy_database(name)

    assert acme.requests == []


async def test_a_name_is_escaped_in_the_path(turso: TursoClient, acme: Organization) -> None:
    with pytest.raises(DatabaseNotFound):
        await turso.destroy_database("x/../../other?a=b#c")

    assert acme.requests[0].url.raw_path == f"{DATABASES}/x%2F..%2F..%2Fother%3Fa%3Db%23c".encode()


@pytest.mark.parametrize(
    ("groups", "expected"),
    [(["a", "default"], "default"), (["only"], "only"), (["a", "b"], None), ([], None)],
    ids=["default among others", "the only one", "several, none the default", "none"],
)
async def test_the_default_group_is_the_one_named_default_or_the_only_one(
    turso: TursoClient, acme: Organization, groups: Any, expected: str | None
) -> None:
    acme.groups = {name: {"name": name} for name in groups}

    assert default_group_of(await turso.groups_if_any()) == expected
