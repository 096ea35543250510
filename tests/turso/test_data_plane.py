"""Trying a token on a database: what the response says about the token, and to which hosts a token is sent."""

from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from bot.turso.client import TursoClient
from bot.turso.data_plane import TokenAnswer
from bot.turso.data_reading import LONGEST_WORDS
from bot.turso.models import Database

from .conftest import client_of, noting
from .organization import TOKEN

PROBE = SecretStr("eyJ.probe.token")
NOW = "Unauthorized: `unauthorized access attempt on database: {}`"


def a_database(hostname: str = "orders-acme.turso.io", **more: str) -> Database:
    return Database.model_validate({"Name": "orders", "DbId": "1", "Hostname": hostname} | more)


async def answer_to(handle: Any, database: Database | None = None, api: str = "https://api.turso.tech") -> TokenAnswer:
    async with client_of(handle) as http:
        http.base_url = api
        return await TursoClient(http, http, "acme").try_token(database or a_database(), PROBE)


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, {"baton": None, "results": []}, TokenAnswer.WORKS),
        (200, {"results": [{"type": "error", "error": {"code": "BLOCKED"}}]}, TokenAnswer.WORKS),
        (200, "<html>Sign in to the network</html>", TokenAnswer.UNCLEAR),
        (
            401,
            {"error": NOW.format("invalid JWT token: can't be decoded with any of the existing keys")},
            TokenAnswer.REVOKED,
        ),
        (401, {"error": "Unauthorized: `The JWT is invalid`"}, TokenAnswer.REVOKED),
        (403, {"error": "the token was revoked"}, TokenAnswer.REVOKED),
        (401, {"error": NOW.format("The JWT has expired")}, TokenAnswer.EXPIRED),
        (401, {"error": NOW.format("x"), "code": "AUTH_JWT_EXPIRED"}, TokenAnswer.EXPIRED),
        (401, {"error": NOW.format("empty JWT token")}, TokenAnswer.UNCLEAR),
        (401, {"error": NOW.format("token does not have the permissions to access the database")}, TokenAnswer.UNCLEAR),
        (403, {"error": "Operation was blocked"}, TokenAnswer.UNCLEAR),
        (403, "<html>Access denied by the firewall</html>", TokenAnswer.UNCLEAR),
        (302, "", TokenAnswer.UNCLEAR),
        (400, {"error": "JWT error: InvalidToken"}, TokenAnswer.UNCLEAR),
        (404, {"error": "Namespace `orders` doesn't exist"}, TokenAnswer.UNCLEAR),
        (429, {}, TokenAnswer.UNCLEAR),
        (502, {"error": "upstream forward failed"}, TokenAnswer.UNCLEAR),
    ],
)
async def test_only_a_refusal_of_the_token_itself_means_that_it_was_revoked(
    status: int, body: Any, expected: TokenAnswer
) -> None:
    content = {"text": body} if isinstance(body, str) else {"json": body}

    assert await answer_to(lambda _: httpx.Response(status, **content)) is expected


@pytest.mark.parametrize(
    "error", [httpx.ConnectError("no"), httpx.ReadTimeout("late"), httpx.RemoteProtocolError("cut")]
)
async def test_a_missing_answer_proves_nothing(error: Any) -> None:
    def fail(_: Any) -> None:
        raise error

    assert await answer_to(fail) is TokenAnswer.UNCLEAR


async def test_the_request_carries_the_probe_token_and_not_the_api_token() -> None:
    asked: list[httpx.Request] = []
    await answer_to(noting(asked, 500))

    assert asked[0].headers["authorization"] == f"Bearer {PROBE.get_secret_value()}"
    assert TOKEN not in str(asked[0].headers.raw)


HOSTILE = [
    "evil.example",
    "evil.example/.turso.io",
    "evil.example?.turso.io",
    "evil.example#.turso.io",
    "evil.example\\.turso.io",
    "orders.turso.io@evil.example",
    "orders.turso.io:x@evil.example",
    "user:pass@orders.turso.io",
    "orders.turso.io.evil.example",
    "evilturso.io",
    "169.254.169.254",
    "127.0.0.1:8080/db/orders",
    "localhost:8080",
    "[::1]:8080",
    "orders.turso.io\r\nHost: evil.example",
    "x:99999999",
    "",
]


@pytest.mark.parametrize("hostname", HOSTILE)
async def test_nothing_is_sent_to_a_host_that_is_not_tursos(hostname: Any) -> None:
    asked: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(401, json={"error": "The JWT is invalid"})

    async with client_of(handle) as http:
        client = TursoClient(http, http, "acme")
        database = a_database(hostname)
        assert await client.try_token(database, PROBE) is TokenAnswer.UNCLEAR
        assert not await client.is_served(database)
        assert not await client.wait_until_served(database, within_seconds=0.1)
        assert not client.takes_tokens(database)

    assert not asked


@pytest.mark.parametrize(
    ("hostname", "more", "api", "takes"),
    [
        ("orders-acme.aws-us-east-1.turso.io", {}, "https://api.turso.tech", True),
        ("orders-acme.turso.io", {"primaryRegion": "local"}, "https://api.turso.tech", False),
        ("orders-acme.turso.io:80", {}, "https://api.turso.tech", False),
        ("127.0.0.1:8080/db/orders", {}, "http://127.0.0.1:8080", True),
        ("127.0.0.1:8080/db/orders", {}, "http://localhost:8080", True),
        ("turso.example:8080/db/orders", {}, "http://turso.example:8080", True),
        ("turso.example:8080/db/orders", {}, "https://turso.example:8080", False),
        ("other.example:8080/db/orders", {}, "http://turso.example:8080", False),
    ],
)
async def test_a_token_is_sent_without_tls_only_if_the_api_itself_is_reached_without_tls(
    hostname: str, more: dict[str, Any], api: str, takes: bool
) -> None:
    asked: list[httpx.Request] = []

    await answer_to(noting(asked, 500), a_database(hostname, **more), api)

    assert bool(asked) is takes


async def test_the_error_of_a_statement_is_one_short_line() -> None:
    refused = {"type": "error", "error": {"message": 'near "x":\n\tsyntax error' + " y" * 200}}

    async with client_of(lambda _: httpx.Response(200, json={"results": [refused]})) as http:
        reader = TursoClient(http, http, "acme")
        [rows] = await reader.read_rows(a_database(), PROBE, ["SELECT x"], within_seconds=5)

    assert rows.error.startswith('near "x": syntax error y y')
    assert len(rows.error) == LONGEST_WORDS
