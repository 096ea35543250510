"""Reads are retried a limited number of times, if a retry may succeed."""

import asyncio
from typing import Any

import httpx
import pytest

from bot.turso.calls import CallLimits
from bot.turso.client import TursoClient
from bot.turso.errors import TursoError, TursoRateLimited, TursoUnavailable

from .conftest import client_of
from .organization import Organization, refuse


@pytest.mark.parametrize(
    "trouble",
    [
        refuse(408, "late"),
        refuse(429, "slow down"),
        refuse(500, "oops"),
        httpx.Response(502, text="bad gateway"),
        refuse(503, "busy"),
        refuse(504, "late"),
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("late"),
        httpx.RemoteProtocolError("closed"),
    ],
    ids=lambda value: str(getattr(value, "status_code", type(value).__name__)),
)
async def test_a_read_succeeds_after_temporary_failures(turso: TursoClient, acme: Organization, trouble: Any) -> None:
    acme.add("orders")
    acme.next_answers = [trouble, trouble]

    assert (await turso.database("orders")).name == "orders"
    assert len(acme.requests) == 3


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 405, 408, 409, 410, 418, 422, 429, 451])
async def test_of_4xx_only_408_and_429_are_retried_at_most_twice(
    turso: TursoClient, acme: Organization, status: int
) -> None:
    acme.next_answers = [refuse(status, "no") for _ in range(20)]

    with pytest.raises(TursoError) as caught:
        await turso.databases()

    assert caught.value.status == status
    assert len(acme.requests) == (3 if status in (408, 429) else 1)


async def test_a_failure_that_lasts_is_raised_after_the_last_retry(turso: TursoClient, acme: Organization) -> None:
    acme.next_answers = [httpx.ConnectError("refused")] * 20

    with pytest.raises(TursoUnavailable, match="is unreachable"):
        await turso.databases()


class Waits:
    """Records the arguments of `asyncio.sleep`, without sleeping."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seconds: list[float] = []
        self._sleep = asyncio.sleep
        monkeypatch.setattr(asyncio, "sleep", self.sleep)

    async def sleep(self, seconds: Any) -> None:
        if seconds:
            self.seconds.append(seconds)
        await self._sleep(0)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> Waits:
    import stamina

    stamina.set_testing(False)
    return Waits(monkeypatch)


@pytest.mark.parametrize("status", [429, 503])
async def test_a_retry_waits_as_long_as_retry_after_says(
    turso: TursoClient, acme: Organization, waits: Waits, status: int
) -> None:
    acme.next_answers = [httpx.Response(status, headers={"retry-after": "7"})]

    await turso.databases()

    assert len(waits.seconds) == 1
    assert 7 <= waits.seconds[0] < 9


async def test_waits_between_retries_grow_and_are_random(acme: Organization, waits: Waits) -> None:
    seen = []
    async with client_of(acme.handle) as http:
        client = TursoClient(http, http, "acme", call_limits=CallLimits(attempts=5, whole=100))
        for _ in range(5):
            acme.next_answers = [refuse(503, "busy")] * 4
            await client.databases()
            seen.append(waits.seconds)
            waits.seconds = []

    assert all(later > earlier for waited in seen for earlier, later in zip(waited[:1], waited[2:], strict=False))
    assert len({tuple(waited) for waited in seen}) == 5


@pytest.mark.parametrize("header", ["3600", "Wed, 21 Oct 2099 07:28:00 GMT"])
async def test_a_wait_that_is_too_long_for_a_person_is_an_error_instead(
    turso: TursoClient, acme: Organization, waits: Waits, header: str
) -> None:
    acme.next_answers = [httpx.Response(429, headers={"retry-after": header})] * 3

    with pytest.raises(TursoRateLimited) as caught:
        await turso.databases()

    assert (caught.value.retry_after or 0) >= 3600
    assert waits.seconds == []


async def test_a_retry_after_that_cannot_be_read_does_not_change_the_wait(
    turso: TursoClient, acme: Organization, waits: Waits
) -> None:
    acme.next_answers = [httpx.Response(503, headers={"retry-after": "soon"})]

    assert await turso.databases() == []
    assert len(waits.seconds) == 1
    assert 0 < waits.seconds[0] < 2


@pytest.mark.parametrize("header", ["0", "-1", "Wed, 21 Oct 2015 07:28:00 GMT"])
async def test_a_retry_after_of_zero_or_in_the_past_means_that_a_retry_need_not_wait(
    turso: TursoClient, acme: Organization, waits: Waits, header: str
) -> None:
    acme.next_answers = [httpx.Response(503, headers={"retry-after": header})]

    assert await turso.databases() == []
    assert waits.seconds == []


async def test_the_observer_gets_the_route_and_status_of_every_try(acme: Organization) -> None:
    seen = []
    async with client_of(acme.handle) as http:
        client = TursoClient(http, http, "acme", observer=lambda *call: seen.append(call))
        acme.add("orders")
        acme.next_answers = [refuse(503, "busy"), httpx.ConnectError("refused")]
        await client.database("orders")

    route = "/v1/organizations/{organization}/databases/{database}"
    assert [call[:3] for call in seen] == [("GET", route, 503), ("GET", route, 0), ("GET", route, 200)]
    assert all(call[3] >= 0 for call in seen)
