"""A readiness check calls the database's own host, without the API token."""

from typing import Any

import httpx
import pytest

from bot.turso.client import TursoClient
from bot.turso.models import Database

from .conftest import client_of, noting
from .organization import TOKEN


def a_database(hostname: str = "orders-acme.turso.io", **more: str) -> Database:
    return Database.model_validate({"Name": "orders", "DbId": "1", "Hostname": hostname} | more)


@pytest.mark.parametrize(
    ("status", "served"), [(200, True), (204, True), (400, True), (401, True), (404, False), (502, False), (503, False)]
)
async def test_a_database_that_responds_with_2xx_400_or_401_is_served(status: int, served: bool) -> None:
    async with client_of(lambda _: httpx.Response(status)) as http:
        assert await TursoClient(http, http, "acme").is_served(a_database()) is served


async def test_a_database_that_cannot_be_reached_is_not_served() -> None:
    def refuse(_: Any) -> None:
        raise httpx.ConnectError("no such host")

    async with client_of(refuse) as http:
        assert not await TursoClient(http, http, "acme").is_served(a_database())


async def test_the_api_token_is_not_sent_to_the_data_plane() -> None:
    asked: list[httpx.Request] = []
    async with client_of(noting(asked, 401)) as http:
        await TursoClient(http, http, "acme").is_served(a_database())
        assert http.headers["authorization"] == f"Bearer {TOKEN}"

    assert "authorization" not in asked[0].headers
    assert TOKEN not in str(asked[0].headers.raw)


@pytest.mark.parametrize(
    ("database", "url", "shown"),
    [
        (a_database(), "https://orders-acme.turso.io/v2/pipeline", "https://orders-acme.turso.io"),
        (a_database(primaryRegion="local"), "http://orders-acme.turso.io/v2/pipeline", "http://orders-acme.turso.io"),
        (a_database("localhost:8080"), "http://localhost:8080/v2/pipeline", "http://localhost:8080"),
        (
            a_database("127.0.0.1:8080/db/orders"),
            "http://127.0.0.1:8080/db/orders/v2/pipeline",
            "http://127.0.0.1:8080/db/orders/",
        ),
    ],
    ids=["cloud", "primary location local", "a port", "a port and a path"],
)
async def test_a_database_is_reached_over_https_unless_it_is_local(database: Any, url: str, shown: str) -> None:
    asked: list[httpx.Request] = []
    async with client_of(noting(asked, 401)) as http:
        http.base_url = "http://127.0.0.1:8080" if ":8080" in url else http.base_url
        await TursoClient(http, http, "acme").is_served(database)

    assert str(asked[0].url) == url
    assert database.https_url == shown


async def test_waiting_ends_as_soon_as_the_database_is_served(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [404, 404, 503, 401, 200]
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr("asyncio.sleep", sleep)
    async with client_of(lambda _: httpx.Response(answers.pop(0))) as http:
        assert await TursoClient(http, http, "acme").wait_until_served(a_database())

    assert answers == [200]
    assert pauses == sorted(pauses)
    assert len(pauses) == 3


async def test_waiting_ends_when_the_time_is_up() -> None:
    async with client_of(lambda _: httpx.Response(404)) as http:
        assert not await TursoClient(http, http, "acme").wait_until_served(a_database(), within_seconds=0.1)
