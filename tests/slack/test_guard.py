"""The request guard: only requests from Slack reach Bolt, and no request causes a 5xx."""

import time
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest
import structlog

from bot.sandbox.workspace.delivery.signing import signature as local_slack_signature
from bot.slack.incoming.request_guard import BODY_LIMIT, Guard, Message, Receive, Scope, Send
from bot.slack.incoming.signing_secrets import SigningSecrets

from .conftest import Gateway
from .requests import FORM, SECRET, click, command, encoded, event, payload, signature, signed


async def test_a_signed_command_is_accepted(gateway: Gateway) -> None:
    answer = await gateway.send(command("show orders"))
    assert (answer.status_code, answer.text) == (200, "")
    assert gateway.pipeline.received[0].text == "show orders"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS", "HEAD"])
async def test_only_post_is_accepted(gateway: Gateway, method: str) -> None:
    assert (await gateway.http.request(method, "/slack/events")).status_code == 405


async def test_a_trailing_slash_makes_no_difference(gateway: Gateway) -> None:
    body = command("show orders")
    answer = await gateway.http.post("/slack/events/", content=body, headers=signed(body))
    await gateway.tasks.drain(5)
    assert (answer.status_code, answer.text) == (200, "")
    assert gateway.pipeline.received[0].text == "show orders"


async def test_requests_for_unknown_paths_are_logged(gateway: Gateway) -> None:
    with structlog.testing.capture_logs() as log:
        assert (await gateway.http.post("/slack/evnets")).status_code == 404
        assert (await gateway.http.get("/healthz")).status_code == 200

    assert [(one["event"], one["path"]) for one in log] == [("nothing is served here", "/slack/evnets")]


async def test_the_tests_sign_requests_like_the_local_slack() -> None:
    body = b"token=legacy&team_id=T0ACME001&command=%2Fdb&text=list+prod&user_id=U0ALICE01"
    assert signature(body, "1793500000") == local_slack_signature(SECRET, "1793500000", body)


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"X-Slack-Signature": "v0=" + "0" * 64}, id="a wrong signature"),
        pytest.param({"X-Slack-Signature": ""}, id="an empty signature"),
        pytest.param({"X-Slack-Signature": "v0=ärger".encode()}, id="a signature that is not ASCII"),
        pytest.param({"X-Slack-Signature": b"\xff\xfe"}, id="a signature that is not text"),
        pytest.param({"X-Slack-Request-Timestamp": "soon"}, id="a time that is no number"),
        pytest.param({"X-Slack-Request-Timestamp": "-5"}, id="a negative time"),
        pytest.param({"X-Slack-Request-Timestamp": ""}, id="an empty time"),
        pytest.param({"X-Slack-Request-Timestamp": "٣٤".encode()}, id="digits of another script"),
        pytest.param({"X-Slack-Request-Timestamp": "9" * 400}, id="a time of 400 digits"),
        pytest.param({"X-Slack-Request-Timestamp": "1e9"}, id="a time as a float"),
    ],
)
async def test_a_request_that_slack_did_not_sign_gets_401(gateway: Gateway, headers: dict[str, str | bytes]) -> None:
    body = command()
    answer = await gateway.http.post("/slack/events", content=body, headers=encoded({**signed(body), **headers}))
    assert answer.status_code == 401
    assert gateway.pipeline.received == []


@pytest.mark.parametrize("seconds", [-301, 301, -100_000])
async def test_a_request_more_than_five_minutes_old_or_ahead_gets_401_even_with_a_valid_signature(
    gateway: Gateway, seconds: int
) -> None:
    body = command()
    headers = signed(body, stamp=str(int(time.time()) + seconds))
    assert (await gateway.http.post("/slack/events", content=body, headers=headers)).status_code == 401
    assert gateway.pipeline.received == []


@pytest.mark.parametrize("seconds", [-290, 290])
async def test_a_request_less_than_five_minutes_old_or_ahead_is_accepted(gateway: Gateway, seconds: int) -> None:
    body = command()
    headers = signed(body, stamp=str(int(time.time()) + seconds))
    assert (await gateway.http.post("/slack/events", content=body, headers=headers)).status_code == 200


async def test_a_signature_with_another_secret_is_refused(gateway: Gateway) -> None:
    body = command()
    answer = await gateway.http.post("/slack/events", content=body, headers=signed(body, secret=SECRET[::-1]))
    assert answer.status_code == 401
    assert gateway.pipeline.received == []


async def test_other_headers_may_contain_anything(gateway: Gateway) -> None:
    body = command()
    headers: dict[str, str | bytes] = {**signed(body), "User-Agent": b"\xff\xfe", "X-Other": "ü".encode()}
    assert (await gateway.http.post("/slack/events", content=body, headers=encoded(headers))).status_code == 200


async def test_a_large_body_is_refused_before_all_of_it_is_read(gateway: Gateway) -> None:
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        for _ in range(160):
            read += 65536
            yield b"a" * 65536

    answer = await gateway.http.post("/slack/events", content=endless(), headers={"Content-Type": FORM})
    assert (answer.status_code, answer.headers.get("Connection")) == (413, "close")
    assert read < 1_000_000


@pytest.mark.parametrize(("size", "connection"), [(300_000, None), (2_000_000, "close")])
async def test_a_body_that_declares_to_be_too_large_is_refused_and_may_end_the_connection(
    gateway: Gateway, size: int, connection: str | None
) -> None:
    answer = await gateway.http.post("/slack/events", content=b"a" * size, headers={"Content-Type": FORM})
    assert (answer.status_code, answer.headers.get("Connection")) == (413, connection)


async def test_a_request_whose_client_disconnects_in_the_middle_is_dropped() -> None:
    passed_on: list[Scope] = []
    sent: list[Message] = []
    body = command()
    incomplete: list[Message] = [{"type": "http.request", "body": body, "more_body": True}, {"type": "http.disconnect"}]
    messages = iter(incomplete)

    async def inner(scope: Scope, receive: Receive, send: Send) -> None:
        passed_on.append(scope)

    async def receive() -> Message:
        return next(messages)

    async def send(message: Message) -> None:
        sent.append(message)

    headers = [(name.lower(), value) for name, value in encoded(signed(body))]
    await Guard(inner, SigningSecrets([SECRET]))({"method": "POST", "headers": headers}, receive, send)
    assert (passed_on, sent) == ([], [])


async def test_a_body_of_exactly_the_limit_is_read(gateway: Gateway) -> None:
    space = BODY_LIMIT - len(command("", trigger_id="1.2.3"))
    body = command("x" * space, trigger_id="1.2.3")
    assert len(body) == BODY_LIMIT
    assert (await gateway.send(body)).status_code == 200
    assert (await gateway.send(body + b"x")).status_code == 413


async def test_an_unsigned_body_is_never_logged(gateway: Gateway) -> None:
    body = command("very-private-text")
    with structlog.testing.capture_logs() as logs:
        await gateway.http.post("/slack/events", content=body, headers={"Content-Type": FORM})
    assert logs
    assert "very-private-text" not in repr(logs)


async def test_a_flood_of_forged_requests_is_logged_once_a_second_with_a_count(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = 100.0
    monkeypatch.setattr("bot.slack.incoming.request_guard.time.monotonic", lambda: seconds)
    with structlog.testing.capture_logs() as logs:
        for _ in range(50):
            await gateway.http.post("/slack/events", content=command("ls"), headers={"Content-Type": FORM})
        seconds += 1.5
        await gateway.http.post("/slack/events", content=command("ls"), headers={"Content-Type": FORM})
    assert [line["count"] for line in logs] == [1, 50]


async def test_the_certificate_check_needs_no_signature(gateway: Gateway) -> None:
    body = b"ssl_check=1&token=legacy"
    answer = await gateway.http.post("/slack/events", content=body, headers={"Content-Type": FORM})
    assert (answer.status_code, answer.text) == (200, "")
    answer = await gateway.http.post("/slack/events", content=command("ssl_check=1"), headers={"Content-Type": FORM})
    assert answer.status_code == 401, "a command with that text needs one"


async def test_the_url_verification_is_answered(gateway: Gateway) -> None:
    answer = await gateway.event({"type": "url_verification", "challenge": "abc", "token": "legacy"})
    assert answer.status_code == 200
    assert "abc" in answer.text


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        pytest.param(payload([1]), FORM, id="a list"),
        pytest.param(payload("null"), FORM, id="null"),
        pytest.param(payload("{"), FORM, id="half a JSON"),
        pytest.param(payload('"text"'), FORM, id="a string"),
        pytest.param(payload("[" * 20_000), FORM, id="deeply nested"),
        pytest.param(b"payload=", FORM, id="an empty payload"),
        pytest.param(b'{"type":"event_callback"}', FORM, id="JSON as a form"),
        pytest.param(b"a=1", FORM, id="a form without a command"),
        pytest.param(b"\xff\xfe\x00", FORM, id="no text"),
        pytest.param(b"", FORM, id="nothing"),
        pytest.param(b"[]", "application/json", id="a JSON list"),
        pytest.param(b"{}", "application/json", id="an empty object"),
        pytest.param(b"hello", "text/plain", id="plain text"),
        pytest.param(command(), "application/json", id="a form as JSON"),
        pytest.param(command(), "multipart/form-data", id="another form"),
    ],
)
async def test_a_signed_body_that_is_not_a_request_gets_400(gateway: Gateway, body: bytes, content_type: str) -> None:
    assert (await gateway.send(body, content_type)).status_code == 400
    assert gateway.pipeline.received == []


WRONG = [None, 1, True, [], [1], {}, {"id": 5}, "text", {"type": 1}, [{"action_id": None}], [None], "ü"]


@pytest.mark.parametrize("wrong", WRONG, ids=repr)
async def test_wrong_parts_of_a_payload_never_cause_a_5xx(gateway: Gateway, wrong: object) -> None:
    base = {**click(), "view": {"id": "V1", "type": "modal", "callback_id": "c"}}
    for name in [*base, "callback_id", "authorizations", "response_urls", "response_url", "event", "item"]:
        for kind in (
            "block_actions",
            "view_submission",
            "view_closed",
            "block_suggestion",
            "shortcut",
            "message_action",
        ):
            broken = {**base, "callback_id": "c", "action_id": "a", "type": kind, name: wrong}
            answer = await gateway.interact(broken)
            assert answer.status_code in (200, 400), (kind, name)


@pytest.mark.parametrize("wrong", WRONG, ids=repr)
async def test_wrong_parts_of_an_event_never_cause_a_5xx(gateway: Gateway, wrong: object) -> None:
    base = event("app_mention", user="U0ANA", channel="C0DBOPS", ts="1.2", text="<@U0BOT> ls")
    for name in base:
        assert (await gateway.event({**base, name: wrong})).status_code in (200, 400), name
    for name in [*base["event"], "bot_id", "thread_ts", "team", "user_team", "message", "subtype"]:
        broken = {**base, "event": {**base["event"], name: wrong}}
        assert (await gateway.event(broken)).status_code in (200, 400), name


async def test_missing_parts_never_cause_a_5xx(gateway: Gateway) -> None:
    base = {**click(), "view": {"id": "V1", "type": "modal", "callback_id": "c"}, "callback_id": "c", "action_id": "a"}
    for name in base:
        for kind in ("block_actions", "view_submission", "block_suggestion", "shortcut", "message_action"):
            broken = {key: value for key, value in {**base, "type": kind}.items() if key != name}
            assert (await gateway.interact(broken)).status_code in (200, 400), (kind, name)


@pytest.mark.parametrize("field", ["user_id", "channel_id", "team_id", "trigger_id", "text", "command"])
@pytest.mark.parametrize("value", [None, "", "../../etc", "u0ana", "U" * 500, "ü", "<!channel>"])
async def test_a_command_with_odd_fields_never_causes_a_5xx(gateway: Gateway, field: str, value: str | None) -> None:
    assert (await gateway.send(command(**{field: cast(Any, value)}))).status_code in (200, 400)


async def test_a_command_whose_text_contains_the_word_payload_is_a_command(gateway: Gateway) -> None:
    answer = await gateway.send(command("show payload-db"))
    assert answer.status_code == 200
    assert gateway.pipeline.received[0].text == "show payload-db"


async def test_an_unknown_type_is_not_a_server_error(gateway: Gateway) -> None:
    answer = await gateway.interact({**click(), "type": "something_new"})
    assert answer.status_code in (200, 400)
    assert (await gateway.event(event("something_new", user={"id": "U0ANA"}))).status_code == 200


async def test_each_path_accepts_only_its_own_method_and_other_paths_are_not_found(gateway: Gateway) -> None:
    assert (await gateway.http.get("/healthz")).text == "alive"
    assert (await gateway.http.get("/slack")).status_code == 404
    assert (await gateway.http.post("/healthz")).status_code == 405
