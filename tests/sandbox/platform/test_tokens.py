"""Database tokens: which databases a token opens, for how long, and the message of each refusal."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bot.sandbox.platform.expiration import BadExpiration, parse_expiration
from tests.sandbox.platform.hosting import API_TOKEN, CLOSE, Client, Hosted, stmt

UNAUTHORIZED = "Unauthorized: `unauthorized access attempt on database: {}`"
BAD_KEY = UNAUTHORIZED.format("invalid JWT token: can't be decoded with any of the existing keys")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1d", 86400),
        ("2w1d30m", 1_297_800),
        ("1.5h", 5400),
        (".5d", 43200),
        ("1h1h", 7200),
        ("15s", 15),
        ("+90m", 5400),
        ("1500ms", 1.5),
        ("15250w", 15250 * 604800),
    ],
)
def test_a_lifetime_is_read_as_turso_reads_it(text: str, seconds: float | int) -> None:
    assert parse_expiration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "never", "none", "default"])
def test_a_missing_lifetime_means_no_expiry(text: str) -> None:
    assert parse_expiration(text) is None


@pytest.mark.parametrize(
    "text",
    [
        *("1", "90", "1day", "2 weeks", "1 d", "1D", "1mo", "1y", "1M", "h", ".s", "-", "0", "0s", "-1h", "20000w"),
        *("Never", "forever", "1h ", "٣h", "1..5h", "9" * 100 + "h"),
    ],
)
async def test_an_invalid_lifetime_is_refused(platform: Hosted, orders: Client, text: Any) -> None:
    with pytest.raises(BadExpiration):
        parse_expiration(text)

    refused = await platform.api("POST", "/databases/orders/auth/tokens", status=400, params={"expiration": text})

    assert refused == {"error": "Invalid expiration format"}


async def test_a_token_has_the_same_claims_as_a_token_of_turso(platform: Hosted, orders: Client) -> None:
    token = await platform.token("orders", expiration="1h", authorization="read-only")

    claims = jwt.decode(token, options={"verify_signature": False})
    assert jwt.get_unverified_header(token) == {"alg": "EdDSA", "typ": "JWT"}
    assert claims["id"] == (await platform.api("GET", "/databases/orders"))["database"]["DbId"]
    assert (claims["a"], claims["exp"] - claims["iat"]) == ("ro", pytest.approx(3600, abs=1))
    assert claims.keys() == {"a", "exp", "iat", "id", "kid", "rid"}


async def test_an_unknown_authorization_is_refused(platform: Hosted, orders: Client) -> None:
    await platform.api("POST", "/databases/orders/auth/tokens", status=400, params={"authorization": "admin"})


async def test_an_empty_attach_permission_is_accepted_and_a_real_one_refused(platform: Hosted, orders: Client) -> None:
    def body(*names: Any) -> dict[str, Any]:
        return {"content": json.dumps({"permissions": {"read_attach": {"databases": names}}})}

    path = "/databases/orders/auth/tokens"
    headers = {"content-type": "text/plain;charset=UTF-8"}
    assert "jwt" in await platform.api("POST", path, headers=headers, **body())
    refused = await platform.api("POST", path, status=400, headers=headers, **body("users"))
    assert refused == {"error": "Permissions are not supported for db-api controlled databases"}


async def test_a_one_minute_token_expires_after_its_minute_and_the_leeway(platform: Hosted, orders: Client) -> None:
    short = Client(platform, "orders", await platform.token("orders", expiration="1m"))

    platform.turso.clock.offset = timedelta(seconds=115)
    assert (await short.run("SELECT 1")).rows() == [[1]]
    platform.turso.clock.offset = timedelta(seconds=125)
    refused = await short.post(json={"requests": []})

    assert refused.status_code == 401
    assert refused.json()["error"] == UNAUTHORIZED.format("The JWT has expired")
    assert refused.json()["code"] == "AUTH_JWT_EXPIRED"
    assert (await orders.run("SELECT 1")).rows() == [[1]]


async def test_a_token_opens_its_own_database_only(platform: Hosted, orders: Client) -> None:
    users = await platform.database("users")

    refused = await Client(platform, "orders", users.token).post(json={"requests": []})

    assert (refused.status_code, refused.json()["error"]) == (401, BAD_KEY)


async def test_a_group_token_opens_all_databases_of_the_group_even_if_created_later(platform: Hosted) -> None:
    await platform.api("POST", "/groups", json={"name": "europe", "location": "aws-eu-west-1"})
    token = (await platform.api("POST", "/groups/europe/auth/tokens"))["jwt"]
    await platform.create("inside", group="europe")
    await platform.create("outside", group="default")

    assert (await Client(platform, "inside", token).run("SELECT 1")).rows() == [[1]]
    assert (await Client(platform, "outside", token).post(json={"requests": []})).status_code == 401


@pytest.mark.parametrize(
    ("header", "status", "text"),
    [
        pytest.param(None, 401, UNAUTHORIZED.format("empty JWT token"), id="no header"),
        pytest.param("Basic abc", 401, UNAUTHORIZED.format("empty JWT token"), id="another scheme"),
        pytest.param("Bearer ", 401, UNAUTHORIZED.format("empty JWT token"), id="no token"),
        pytest.param("Bearer abc", 400, "JWT error: InvalidToken", id="no JWT"),
        pytest.param(f"Bearer {API_TOKEN}", 400, "JWT error: InvalidToken", id="a platform token"),
        pytest.param("Bearer " + "é" * 40, 400, "JWT error: InvalidToken", id="not ASCII"),
        pytest.param("Bearer " + "a" * 20000, 400, "JWT error: InvalidToken", id="very long"),
        pytest.param("Bearer a.b.c.d", 400, "JWT error: InvalidToken", id="four parts"),
    ],
)
async def test_each_wrong_header_is_answered_like_turso(
    platform: Hosted, orders: Client, header: str | None, status: int, text: Any
) -> None:
    headers = {"authorization": header.encode()} if header is not None else {"authorization": ""}

    response = await orders.post(json={"requests": []}, headers=headers)

    assert (response.status_code, response.json()["error"], response.json()["message"]) == (status, text, text)
    assert isinstance(response.json()["code"], str)


def forged(claims: Any, *, key: Any = None, algorithm: str = "EdDSA") -> str:
    return jwt.encode(claims, key or Ed25519PrivateKey.generate(), algorithm=algorithm)


async def test_tokens_with_a_foreign_signature_open_nothing(platform: Hosted, orders: Client) -> None:
    claims = jwt.decode(orders.token, options={"verify_signature": False})
    head, payload, signature = orders.token.split(".")
    unsigned = jwt.encode(claims, None, algorithm="none")  # type: ignore[arg-type]
    symmetric = forged(claims, key="secret-of-some-length-that-is-enough", algorithm="HS256")
    changed = ".".join([head, forged(claims | {"a": "rw", "exp": 2**40}).split(".")[1], signature])

    for token in (forged(claims), unsigned, symmetric, changed, f"{head}.{payload}."):
        response = await Client(platform, "orders", token).post(json={"requests": []})
        assert response.status_code in (400, 401), token


async def test_a_rotation_revokes_every_token_and_stream_of_the_database_and_no_other(
    platform: Hosted, orders: Client
) -> None:
    users = await platform.database("users")
    opened = await orders.ask(stmt("BEGIN"), stmt("CREATE TABLE t(a)"))

    await platform.api("POST", "/databases/orders/auth/rotate")

    refused = await orders.post(json={"baton": opened.baton, "requests": []})
    assert (refused.status_code, refused.json()["error"]) == (401, BAD_KEY)
    fresh = Client(platform, "orders", await platform.token("orders"))
    gone = await fresh.post(json={"baton": opened.baton, "requests": []})
    assert gone.status_code == 400
    assert (await fresh.run("SELECT count(*) FROM sqlite_schema")).rows() == [[0]]
    assert (await users.run("SELECT 1")).rows() == [[1]]


async def test_a_group_rotation_revokes_the_tokens_of_all_its_databases(platform: Hosted, orders: Client) -> None:
    users = await platform.database("users")
    group_token = (await platform.api("POST", "/groups/default/auth/tokens"))["jwt"]

    await platform.api("POST", "/groups/default/auth/rotate")

    for token in (orders.token, users.token, group_token):
        for name in ("orders", "users"):
            assert (await Client(platform, name, token).post(json={"requests": []})).status_code == 401


@pytest.mark.parametrize("path", ["/databases/orders/auth/rotate", "/groups/default/auth/rotate"])
async def test_a_delayed_rotation_is_accepted_at_once_and_revokes_after_its_delay(
    platform: Hosted, orders: Client, path: str
) -> None:
    platform.turso.faults.add("late_rotation", method="POST", path="*/auth/rotate", seconds=600)

    await platform.api("POST", path)
    fresh = Client(platform, "orders", await platform.token("orders"))

    assert (await orders.post(json={"requests": [stmt("SELECT 1"), CLOSE]})).status_code == 200
    platform.turso.clock.offset = timedelta(seconds=601)
    refused = await orders.post(json={"requests": [stmt("SELECT 1"), CLOSE]})
    assert (refused.status_code, refused.json()["error"]) == (401, BAD_KEY)
    assert (await fresh.run("SELECT 1")).rows() == [[1]]


async def test_with_a_fault_a_rotation_of_a_database_revokes_the_tokens_of_its_group(
    platform: Hosted, orders: Client
) -> None:
    users = await platform.database("users")
    platform.turso.faults.add("group_rotation", count=None)

    await platform.api("POST", "/databases/orders/auth/rotate")

    for database in (orders, users):
        assert (await database.post(json={"requests": [stmt("SELECT 1"), CLOSE]})).status_code == 401


async def test_a_rotation_answers_with_an_empty_200(platform: Hosted, orders: Client) -> None:
    response = await platform.http.post("/v1/organizations/acme/databases/orders/auth/rotate")

    assert (response.status_code, response.content) == (200, b"")


async def test_tokens_stay_valid_after_a_restart(tmp_path: Path) -> None:
    first = Hosted(tmp_path)
    orders = await first.database("orders")
    await orders.ask(stmt("CREATE TABLE t(a)"), stmt("INSERT INTO t VALUES (7)"), CLOSE)
    await first.close()

    second = Hosted(tmp_path)

    assert (await Client(second, "orders", orders.token).run("SELECT a FROM t")).rows() == [[7]]
    await second.close()
