"""The Bolt app takes nothing from the environment, and asks Slack for nothing by itself."""

import httpx
import pytest

from bot.slack.incoming.bolt import create_bolt
from bot.slack.incoming.http import create_asgi
from bot.slack.incoming.listeners import Listeners

from .conftest import FixedClock, House
from .requests import SECRET, command, signed


async def test_the_environment_of_the_machine_changes_nothing(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SLACK_BOT_TOKEN", "SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET", "SLACK_VERIFICATION_TOKEN"):
        monkeypatch.setenv(name, "from-the-environment")
    monkeypatch.setenv("SLACK_SIGNING_SECRET", "another")
    listeners = Listeners(
        house.path,
        house.delivery,
        clock=FixedClock(),
        tasks=house.tasks,
        urls=house.urls,
        workspace=house.workspace,
        directory=house.directory,
    )
    asgi = create_asgi(create_bolt(listeners.handler_of, house.workspace), SECRET, {})
    async with httpx.AsyncClient(transport=httpx.ASGITransport(asgi), base_url="http://bot") as http:
        body = command("ls")
        assert (await http.post("/slack/events", content=body, headers=signed(body))).status_code == 200
        assert (await http.get("/slack/install")).status_code == 404
    await house.tasks.drain(5)
    assert len(house.path.came) == 1
    assert house.slack.calls == []


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
async def test_each_kind_of_request_has_its_handler(house: House, kind: str, handler: str | None) -> None:
    found = house.listeners.handler_of({"type": kind})
    assert (found.__name__ if found else None) == handler
    always = house.listeners.handler_of({"type": kind, "command": "/turso"})
    assert always is not None
    assert always.__name__ == "on_command"


async def test_acks_are_measured(house: House) -> None:
    seconds: list[float] = []
    asgi = create_asgi(house.app, SECRET, {}, observe_ack=seconds.append)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(asgi), base_url="http://bot") as http:
        body = command("ls")
        await http.post("/slack/events", content=body, headers=signed(body))
        await http.post("/slack/events", content=body)
    assert len(seconds) == 1
