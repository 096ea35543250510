"""Faults on demand, the log of calls, and the clock."""

import asyncio
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.sandbox.platform.calls import CUT_OFF
from tests.sandbox.platform.hosting import API_TOKEN, CLOSE, Client, Hosted, Process, stmt

ROTATE = "/v1/organizations/acme/databases/orders/auth/rotate"


async def test_without_the_option_there_is_no_admin_endpoint(tmp_path: Path) -> None:
    hosted = Hosted(tmp_path)

    for path in ("calls", "faults", "hold/1", "time"):
        assert (await hosted.http.get(f"/_admin/{path}")).status_code == 404
    await hosted.close()


async def test_a_fault_returns_its_status_as_often_and_on_the_path_as_requested(platform: Hosted) -> None:
    fault = {"kind": "status", "status": 429, "retry_after": "7", "method": "GET", "path": "*/databases", "count": 2}
    assert (await platform.http.post("/_admin/faults", json=fault)).status_code == 200

    await platform.create("orders")
    struck = [await platform.http.get("/v1/organizations/acme/databases") for _ in range(3)]

    assert [response.status_code for response in struck] == [429, 429, 200]
    assert struck[0].headers["retry-after"] == "7"
    assert (await platform.http.get("/v1/organizations/acme/databases/orders")).status_code == 200


async def test_a_fault_can_return_a_429_without_retry_after_and_with_any_body(platform: Hosted) -> None:
    platform.turso.faults.add("status", status=429)
    platform.turso.faults.add("status", status=502, body="<html>bad gateway</html>")

    first, second = [await platform.http.get("/v1/locations") for _ in range(2)]

    assert (first.status_code, "retry-after" in first.headers) == (429, False)
    assert (second.status_code, second.text) == (502, "<html>bad gateway</html>")


async def test_a_latency_fault_delays_the_answer(platform: Hosted) -> None:
    platform.turso.faults.add("latency", seconds=0.3)
    loop = asyncio.get_running_loop()
    began = loop.time()

    await platform.http.get("/v1/locations")

    assert loop.time() - began >= 0.3


async def test_a_lost_answer_leaves_the_effect_and_a_dropped_connection_leaves_none(platform: Hosted) -> None:
    path = "/v1/organizations/acme/databases"
    platform.turso.faults.add("drop", method="POST", path="*/databases")
    with pytest.raises(httpx.RemoteProtocolError):
        await platform.http.post(path, json={"name": "orders"})
    assert (await platform.api("GET", "/databases"))["databases"] == []

    platform.turso.faults.add("lost", method="POST", path="*/databases")
    with pytest.raises(httpx.RemoteProtocolError):
        await platform.http.post(path, json={"name": "orders"})
    assert [each["Name"] for each in (await platform.api("GET", "/databases"))["databases"]] == ["orders"]


async def test_with_a_fault_a_new_database_is_not_served_at_once(platform: Hosted) -> None:
    platform.turso.faults.add("not_ready", seconds=0.4)
    orders = await platform.database("orders")

    assert (await orders.post(json={"requests": []})).status_code == 404
    await asyncio.sleep(0.5)
    assert (await orders.ask(stmt("SELECT 1"), CLOSE)).rows() == [[1]]


async def test_a_call_is_held_before_or_after_its_effect_until_it_is_released(platform: Hosted, orders: Client) -> None:
    for when, still_good in (("before", True), ("after", False)):
        orders.token = await platform.token("orders")
        hold = (await platform.http.post("/_admin/hold", json={"path": "*/rotate", "when": when})).json()["id"]
        rotating = asyncio.create_task(platform.http.post(ROTATE))
        held = (await platform.http.get(f"/_admin/hold/{hold}", params={"wait": "5"})).json()
        assert held["arrived"] is True
        assert not rotating.done()
        assert ((await orders.post(json={"requests": []})).status_code == 200) is still_good

        await platform.http.post(f"/_admin/hold/{hold}/release")

        assert (await rotating).status_code == 200


async def test_clearing_the_faults_releases_held_calls(platform: Hosted) -> None:
    fault = platform.turso.faults.add("hold_before", path="/v1/locations")
    asked = asyncio.create_task(platform.http.get("/v1/locations"))
    await asyncio.wait_for(fault.arrived.wait(), 20)

    await platform.http.delete("/_admin/faults")

    assert (await asked).status_code == 200


async def test_calls_are_logged_with_status_and_without_secrets(platform: Hosted, orders: Client) -> None:
    await platform.http.delete("/_admin/calls")
    await platform.api("GET", "/databases", params={"limit": 5})
    await platform.api("GET", "/databases/nope", status=404)
    await orders.run("SELECT 1")

    calls = (await platform.http.get("/_admin/calls")).json()["calls"]

    assert [(call["method"], call["path"], call["query"], call["status"]) for call in calls] == [
        ("GET", "/v1/organizations/acme/databases", "limit=5", 200),
        ("GET", "/v1/organizations/acme/databases/nope", "", 404),
    ]
    everything = await platform.http.get("/_admin/calls", params={"plane": "all"})
    assert [call["plane"] for call in everything.json()["calls"]] == ["control", "control", "data"]
    assert API_TOKEN not in everything.text
    assert orders.token not in everything.text
    assert [call.path for call in platform.turso.calls.data()] == ["/db/orders/v3/pipeline"]


async def test_a_call_that_breaks_off_in_the_middle_does_nothing_and_is_logged_as_cut_off(platform: Hosted) -> None:
    begun = iter([{"type": "http.request", "body": b'{"name": "or', "more_body": True}, {"type": "http.disconnect"}])

    async def receive() -> Any:
        return next(begun)

    async def send(message: Any) -> None:
        """Discard the response, because the client has disconnected."""

    headers = [(b"host", b"127.0.0.1:4000"), (b"authorization", f"Bearer {API_TOKEN}".encode())]
    path = "/v1/organizations/acme/databases"
    scope = {"type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "query_string": b"",
             "headers": headers, "scheme": "http", "server": ("127.0.0.1", 4000), "root_path": ""}  # fmt: skip
    await platform.app(scope, receive, send)

    assert [(call.path, call.status) for call in platform.turso.calls.control()] == [(path, CUT_OFF)]
    assert (await platform.api("GET", "/databases"))["databases"] == []


async def test_the_clock_moves_on_request(platform: Hosted) -> None:
    moved = (await platform.http.post("/_admin/time", json={"offset": 86400})).json()

    assert moved["offset"] == 86400
    for shown in (moved["time"], platform.turso.clock.time()):
        assert shown == pytest.approx(time.time() + 86400, abs=60)


@pytest.mark.parametrize(
    "body", ["[]", "{", '{"kind":"flood"}', '{"kind":"drop","secret":1}', '{"kind":"drop","id":1}']
)
async def test_an_invalid_fault_is_refused(platform: Hosted, body: str) -> None:
    assert (await platform.http.post("/_admin/faults", content=body)).status_code == 400


def test_a_real_connection_is_closed_without_an_answer(server: Process) -> None:
    server.http.post("/_admin/faults", json={"kind": "drop", "path": "/v1/locations"})
    server.http.post("/_admin/faults", json={"kind": "lost", "path": "/v1/user"})

    for path in ("/v1/locations", "/v1/user"):
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            server.http.get(path)
        assert server.http.get(path).status_code == 200
