"""Fixtures: the real client, connected to an in-memory organization `acme` instead of the network."""

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpx
import pytest
import stamina

from bot.turso.client import TursoClient

from .organization import TOKEN, Organization


@pytest.fixture(autouse=True)
def no_waiting() -> Iterator[None]:
    """Make retries as often as usual, but without waiting."""
    with stamina.set_testing(True, attempts=100, cap=True):
        yield


@pytest.fixture
def acme() -> Organization:
    default = {"name": "default", "locations": ["aws-us-east-1"], "primary": "aws-us-east-1"}
    return Organization(groups={"default": default})


@pytest.fixture
def acme_2023() -> Organization:
    return Organization(generation="2023")


@pytest.fixture
async def turso(acme: Organization) -> AsyncIterator[TursoClient]:
    async with client_of(acme.handle) as client:
        yield TursoClient(client, client, "acme")


@pytest.fixture
async def turso_2023(acme_2023: Organization) -> AsyncIterator[TursoClient]:
    async with client_of(acme_2023.handle) as client:
        yield TursoClient(client, client, "acme")


def client_of(handle: Any, token: str = TOKEN) -> httpx.AsyncClient:
    """Return an HTTP client whose every request goes to `handle`."""
    return httpx.AsyncClient(
        transport=httpx.MockTransport(handle),
        base_url="https://api.turso.tech",
        headers={"Authorization": f"Bearer {token}"},
    )


def noting(requests: list[httpx.Request], status: int) -> Callable[[httpx.Request], httpx.Response]:
    """Return a handler that records each request and answers with a status."""

    def handle(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(status)

    return handle
