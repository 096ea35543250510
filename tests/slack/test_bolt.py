"""The Bolt app: its settings, which handler gets a request, and what Slack gets if no handler acknowledges it."""

import httpx
import pytest
import structlog

from bot.slack.incoming._payload_validation import Body
from bot.slack.incoming.bolt import Acknowledge, acknowledgement, create_bolt
from bot.slack.incoming.http import create_asgi
from bot.slack.incoming.listeners import Listeners
from bot.slack.incoming.signing_secrets import SigningSecrets

from .conftest import FixedClock, Gateway
from .requests import SECRET, command, signed


async def test_the_environment_variables_that_bolt_reads_have_no_effect(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SLACK_BOT_TOKEN", "SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET", "SLACK_VERIFICATION_TOKEN"):
        monkeypatch.setenv(name, "from-the-environment")
    monkeypatch.setenv("SLACK_SIGNING_SECRET", "another")
    listeners = Listeners(
        gateway.pipeline,
        gateway.delivery,
        clock=FixedClock(),
        tasks=gateway.tasks,
        urls=gateway.urls,
        workspace=gateway.workspace,
        directory=gateway.directory,
    )
    asgi = create_asgi(create_bolt(listeners.handler_of, gateway.workspace), SigningSecrets([SECRET]), {})
    async with httpx.AsyncClient(transport=httpx.ASGITransport(asgi), base_url="http://bot") as http:
        body = command("ls")
        assert (await http.post("/slack/events", content=body, headers=signed(body))).status_code == 200
        assert (await http.get("/slack/install")).status_code == 404
    await gateway.tasks.drain(5)
    assert len(gateway.pipeline.received) == 1
    assert gateway.slack.calls == []


@pytest.mark.parametrize(
    ("kind", "handler"),
    [
        ("block_actions", "on_action"),
        ("interactive_message", "on_action"),
        ("dialog_submission", "on_action"),
        ("dialog_cancellation", "on_action"),
        ("block_suggestion", "on_options"),
        ("dialog_suggestion", "on_options"),
        ("view_submission", "on_submission"),
        ("view_closed", "on_closed"),
        ("shortcut", "on_shortcut"),
        ("message_action", "on_shortcut"),
        ("event_callback", "on_event"),
        ("app_rate_limited", None),
    ],
)
async def test_each_kind_of_request_has_its_handler(gateway: Gateway, kind: str, handler: str | None) -> None:
    found = gateway.listeners.handler_of({"type": kind})
    assert (found.__name__ if found else None) == handler


@pytest.mark.parametrize("body", [{}, {"type": "block_actions"}, {"type": "new"}], ids=["none", "known", "unknown"])
async def test_a_body_with_a_command_is_a_slash_command_whatever_its_type(gateway: Gateway, body: Body) -> None:
    found = gateway.listeners.handler_of({**body, "command": "/turso"})
    assert found == gateway.listeners.on_command


@pytest.mark.parametrize(
    ("handler", "status"),
    [(None, 404), ("fails", 500), ("forgets", 404)],
    ids=["no handler", "a handler that fails", "a handler without an acknowledgement"],
)
async def test_a_request_that_no_handler_acknowledges_gets_a_200_and_is_logged(
    gateway: Gateway, handler: str | None, status: int
) -> None:
    async def handle(ack: Acknowledge, body: Body) -> None:
        if handler == "fails":
            raise RuntimeError

    app = create_bolt(lambda body: handle if handler else None, gateway.workspace)

    with structlog.testing.capture_logs() as logs:
        response = await acknowledgement(app, {"type": "app_rate_limited", "team_id": "T0ACME"})

    assert (response.status, response.body) == (200, "")
    assert [line["status"] for line in logs if line["event"] == "Bolt did not handle a request"] == [status]


async def test_a_body_that_bolt_cannot_read_is_acknowledged(gateway: Gateway) -> None:
    with structlog.testing.capture_logs() as logs:
        response = await acknowledgement(gateway.app, {"type": "block_actions", "authorizations": 5})

    assert (response.status, response.body) == (200, "")
    assert [line["event"] for line in logs] == ["Bolt could not read a request"]


async def test_the_time_until_the_acknowledgement_is_measured_for_signed_requests(gateway: Gateway) -> None:
    seconds: list[float] = []
    asgi = create_asgi(gateway.app, SigningSecrets([SECRET]), {}, observe_ack=seconds.append)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(asgi), base_url="http://bot") as http:
        body = command("ls")
        await http.post("/slack/events", content=body)
        assert seconds == []
        await http.post("/slack/events", content=body, headers=signed(body))
    assert len(seconds) == 1
    assert 0 < seconds[0] < 5
