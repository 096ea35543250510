"""Malformed, oversized and malicious input is refused cleanly, and nothing outside the data folder is touched."""

import json
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.sandbox.platform.hosting import API_TOKEN, CLOSE, Client, Hosted, Process, stmt

DEEP = "[" * 10_000 + "]" * 10_000


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("", id="nothing"),
        pytest.param("{", id="half an object"),
        pytest.param("[]", id="a list"),
        pytest.param("null", id="null"),
        pytest.param('{"requests":{}}', id="requests that aren't a list"),
        pytest.param('{"requests":[1]}', id="a request that isn't an object"),
        pytest.param('{"requests":[{"type":"explode"}]}', id="an unknown request"),
        pytest.param('{"requests":[{"type":{}}]}', id="a type that isn't text"),
        pytest.param('{"requests":[{"type":"execute"}]}', id="no statement"),
        pytest.param('{"requests":[{"type":"execute","stmt":{}}]}', id="no sql"),
        pytest.param('{"requests":[{"type":"execute","stmt":{"sql":1}}]}', id="sql that isn't text"),
        pytest.param('{"requests":[{"type":"execute","stmt":{"sql":"SELECT 1","sql_id":1}}]}', id="sql twice"),
        pytest.param('{"requests":[{"type":"execute","stmt":{"sql_id":7}}]}', id="an id that was not stored"),
        pytest.param('{"requests":[{"type":"execute","stmt":{"sql_id":1e99}}]}', id="an id out of range"),
        pytest.param('{"requests":[{"type":"execute","stmt":{"sql":"x","args":"x"}}]}', id="args that aren't a list"),
        pytest.param('{"requests":[{"type":"execute","stmt":{"sql":"x","want_rows":1}}]}', id="no boolean"),
        pytest.param('{"baton":1,"requests":[]}', id="a baton that isn't text"),
        pytest.param('{"requests":[{"type":"batch","batch":{"steps":[{"stmt":{"sql":"x"},"condition":'
                     '{"type":"ok","step":0}}]}}]}', id="a condition on itself"),
        pytest.param('{"requests":[{"type":"batch","batch":{"steps":[{"stmt":{"sql":"x"},"condition":'
                     '{"type":"maybe"}}]}}]}', id="an unknown condition"),
        pytest.param(f'{{"requests":{DEEP}}}', id="ten thousand lists deep"),
        pytest.param('{"a":' * 10_000 + "1" + "}" * 10_000, id="ten thousand objects deep"),
        pytest.param('{"requests":[],"x":"\\ud800"}', id="half a character"),
        pytest.param(b'{"requests":[],"x":"\xff"}', id="not UTF-8"),
        pytest.param('{"requests":[],"x":NaN}', id="not a number"),
    ],
)  # fmt: skip
async def test_a_malformed_pipeline_is_a_400_in_plain_text(orders: Client, body: bytes | str) -> None:
    response = await orders.post(content=body)

    assert (response.status_code, response.headers["content-type"]) == (400, "text/plain; charset=utf-8")
    assert len(response.text) < 300
    assert (await orders.run("SELECT 1")).rows() == [[1]]


@pytest.mark.parametrize(
    "value",
    [
        1,
        {},
        {"type": "integer", "value": 1},
        {"type": "integer", "value": "9223372036854775808"},
        {"type": "integer", "value": "1.5"},
        {"type": "integer", "value": "١"},
        {"type": "float", "value": "1"},
        {"type": "float", "value": True},
        {"type": "float", "value": None},
        {"type": "float", "value": 10**400},
        {"type": "text", "value": None},
        {"type": "blob", "base64": "a"},
        {"type": "blob", "base64": "ä==="},
        {"type": "blob"},
        {"type": "date", "value": "x"},
    ],
)
async def test_an_invalid_value_is_a_400(orders: Client, value: Any) -> None:
    request = {"type": "execute", "stmt": {"sql": "SELECT ?", "args": [value]}}

    assert (await orders.post(content=json.dumps({"requests": [request]}))).status_code == 400


@pytest.mark.parametrize(
    "sql",
    [
        pytest.param("SELECT " + "(" * 10_000 + "1" + ")" * 10_000, id="deep parentheses"),
        pytest.param("SELECT " + "1+" * 20_000 + "1", id="a deep expression"),
        pytest.param("SELECT 1 " + "UNION SELECT 1 " * 2000, id="a long compound"),
        pytest.param("SELECT '" + "x" * 1_100_000 + "'", id="a long text"),
        pytest.param("SELECT zeroblob(1000000000)", id="a large blob"),
        pytest.param("SELECT printf('%.*c', 1000000000, 'x')", id="a large text"),
        pytest.param("SELECT * FROM " + ",".join(["sqlite_schema"] * 65), id="too many tables"),
        pytest.param("SELECT '\\", id="no end"),
    ],
)
async def test_a_statement_beyond_the_limits_does_not_fail_the_next_one(orders: Client, sql: str) -> None:
    answer = await orders.ask(stmt(sql), stmt("SELECT 1"), CLOSE)

    assert answer.code(0) is not None
    assert answer.rows(1) == [[1]]


async def test_a_lone_surrogate_in_a_text_is_refused(orders: Client) -> None:
    body = '{"requests":[{"type":"execute","stmt":{"sql":"SELECT ?","args":[{"type":"text","value":"\\ud800"}]}}]}'

    assert (await orders.post(content=body)).status_code == 400


@pytest.mark.parametrize("body", ["[", "[]", "7", DEEP, '{"name":' + DEEP + "}", "\\ud800", b"\xff\xfe"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/databases"),
        ("PATCH", "/databases/orders/configuration"),
        ("POST", "/databases/orders/auth/tokens"),
        ("POST", "/groups"),
    ],
)
async def test_a_malformed_body_on_the_control_plane_is_a_400(
    platform: Hosted, orders: Client, method: str, path: str, body: Any
) -> None:
    refused = await platform.api(method, path, status=400, content=body)

    assert isinstance(refused["error"], str)


@pytest.mark.parametrize(
    "body",
    [
        {"block_reads": "yes"},
        {"delete_protection": 1},
        {"size_limit": "1 parsec"},
        {"size_limit": True},
        {"size_limit": "-1"},
        {"allowed_ips": "10.0.0.1"},
        {"allowed_ips": [1]},
    ],
)
async def test_a_setting_of_the_wrong_kind_is_a_400_and_changes_nothing(
    platform: Hosted, orders: Client, body: dict[str, Any]
) -> None:
    before = await platform.api("GET", "/databases/orders/configuration")

    await platform.api("PATCH", "/databases/orders/configuration", status=400, json=body | {"block_writes": True})

    assert await platform.api("GET", "/databases/orders/configuration") == before


@pytest.mark.parametrize("query", [{"limit": "0"}, {"limit": "-1"}, {"limit": "x"}, {"limit": "9" * 400}])
async def test_an_invalid_page_limit_is_a_400(platform: Hosted, query: dict[str, str]) -> None:
    await platform.api("GET", "/databases", status=400, params=query)


async def test_an_unknown_cursor_still_gives_a_page(platform: Hosted, orders: Client) -> None:
    for cursor in ("zzz", "' OR 1=1 --", "\x00", "ö"):
        await platform.api("GET", "/databases", params={"limit": 1, "cursor": cursor})


def raw(server: Process, request: bytes) -> str:
    """Send bytes over a socket, without a client that would correct them, and return the response."""
    address = urlsplit(server.url)
    with closing(socket.create_connection((str(address.hostname), address.port or 0), 10)) as connection:
        connection.sendall(request)
        connection.settimeout(10)
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
            if b"\r\n\r\n" in received and b"transfer-encoding" not in received.lower():
                head, _, body = received.partition(b"\r\n\r\n")
                length = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")]
                if length and len(body) >= int(length[0].split(b":")[1]):
                    break
        return received.decode("latin-1")


def outside(server: Process) -> set[str]:
    """Return the names of the files next to the data folder."""
    return {path.name for path in Path(server.data).parent.iterdir()}


TRICKS = [
    "/db/../../etc/passwd/v2/pipeline",
    "/db/..%2f..%2fetc%2fpasswd/v2/pipeline",
    "/db/%2e%2e/v2/pipeline",
    "/db/%00/v2/pipeline",
    "/db/orders%00/v2/pipeline",
    "/db/orders%2f..%2fusers/v2/pipeline",
    "/db/..\\..\\x/v2/pipeline",
    "/db/C:%5Cx/v2/pipeline",
    "/db/.acme/v2/pipeline",
    "/db/orders.nobody/v2/pipeline",
    "/db/%ff%fe/v2/pipeline",
    "/db//v2/pipeline",
    "/db/" + "a" * 5000 + "/v2/pipeline",
    "/v1/organizations/..%2facme/databases/x",
    "/v1/organizations/acme/databases/..%2f..%2fcatalog",
    "/v1/organizations/acme/databases/%00",
]


@pytest.mark.parametrize("path", TRICKS, ids=lambda path: path[:50])
def test_path_tricks_in_names_find_and_create_nothing(server: Process, path: Any) -> None:
    before = outside(server)
    body = b'{"requests":[]}'
    head = (
        f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {API_TOKEN}\r\nContent-Length: {len(body)}\r\n\r\n"
    )

    answer = raw(server, head.encode() + body)

    assert answer.split()[1] in ("400", "404", "405"), answer
    assert outside(server) == before
    assert list((Path(server.data) / "databases").glob("*")) == []


def test_a_body_of_a_gigabyte_is_refused_before_it_is_sent(server: Process) -> None:
    server.api("GET", "/databases")
    for path in ("/v1/organizations/acme/databases", "/v1/organizations/acme/groups"):
        head = (
            f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {API_TOKEN}\r\nContent-Length: {2**30}\r\n\r\n"
        )
        assert raw(server, head.encode()).split()[1] == "413"


def test_a_body_in_chunks_is_refused_once_it_exceeds_the_limit(server: Process) -> None:
    created = server.create("large")
    token = server.token("large")

    def pieces() -> Iterator[bytes]:
        for _ in range(40):
            yield b" " * 2**20

    response = server.http.post(f"{created}v2/pipeline", content=pieces(), headers={"authorization": f"Bearer {token}"})

    assert response.status_code == 413
    assert server.api("DELETE", "/databases/large") == {"database": "large"}


@pytest.mark.parametrize("host", ["", "evil.example", '"><script>', "[::1]:8080", "a" * 300])
def test_a_strange_host_header_causes_no_server_error(server: Process, host: str) -> None:
    head = f"GET /v1/organizations/acme/databases HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {API_TOKEN}\r\n\r\n"

    assert raw(server, head.encode()).split()[1] in ("200", "400")
