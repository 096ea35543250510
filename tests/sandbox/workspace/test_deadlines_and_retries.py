"""The app has three seconds to respond. After that, the person gets a notice, and events are sent again."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.workspace import Workspace
from bot.sandbox.workspace.limits import Limits
from bot.sandbox.workspace.seed import DANA, DB_OPS
from tests.present import present
from tests.sandbox.workspace.stage import Recorder, actions, button, connected, until


class Slow:
    """An app that answers slowly."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(self.seconds)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"late"})


async def delivered(workspace: Workspace, times: int) -> None:
    """Wait until `times` deliveries were attempted, and the pause before the next one has begun."""
    await until(lambda: len(workspace.deliveries) == times)
    await asyncio.sleep(0.05)


async def nothing_more_comes(workspace: Workspace, app: Recorder) -> None:
    """Assert that a command typed now is the next request that the app gets, and remove it from the records."""
    before = len(app.got)
    await workspace.say(DANA, DB_OPS, "/turso")
    assert len(app.got) == before + 1
    app.got.pop()
    workspace.deliveries.pop()


def test_the_deadline_is_three_seconds() -> None:
    assert Limits().ack == timedelta(seconds=3)


async def test_a_command_without_an_answer_in_time_shows_a_timeout_and_is_not_sent_again(
    workspace: Workspace,
) -> None:
    workspace.limits.ack = timedelta(seconds=0.2)
    async with connected(workspace, Slow(1)):
        acted = await workspace.say(DANA, DB_OPS, "/turso db list")
        workspace.move_time(timedelta(hours=1))
        await workspace.say(DANA, DB_OPS, "/turso")

    assert acted.notice == "/turso failed with the error “operation_timeout”: the app did not respond."
    assert [each.failure for each in workspace.deliveries] == ["http_timeout"] * 2, "one notice for each command"
    assert workspace.history(DB_OPS, DANA) == []


async def test_an_app_that_calls_a_slow_api_before_its_answer_misses_the_deadline(
    workspace: Workspace, client: AsyncWebClient
) -> None:
    workspace.limits.ack = timedelta(seconds=0.3)
    workspace.faults.add("slow", "auth.test", seconds=1)

    async def calls_first(scope: Any, receive: Any, send: Any) -> None:
        await client.auth_test()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async with connected(workspace, calls_first):
        acted = await workspace.say(DANA, DB_OPS, "/turso")
    assert present(acted.delivery).failure == "http_timeout"


async def test_a_click_without_an_answer_in_time_is_reported_to_the_person(
    workspace: Workspace, client: AsyncWebClient
) -> None:
    posted = await client.chat_postMessage(channel=DB_OPS, text="a", blocks=actions(button()))
    workspace.limits.ack = timedelta(seconds=0.2)
    async with connected(workspace, Slow(1)), workspace.subscribe(DANA) as changes:
        acted = await workspace.click(DANA, message_ts=posted["ts"], action_id="go")
        notice = await anext(changes)

    assert "too long" in present(acted.notice)
    assert present(notice.notice).text == acted.notice


@pytest.mark.parametrize("status", [500, 404])
async def test_an_http_error_of_a_command_is_shown(workspace: Workspace, status: int) -> None:
    async with connected(workspace, Recorder(status=status)):
        assert "http_service_error" in present((await workspace.say(DANA, DB_OPS, "/turso")).notice)


async def test_an_unreachable_app_shows_a_failed_dispatch(workspace: Workspace) -> None:
    workspace.events_url = "http://127.0.0.1:9/slack/events"

    assert "dispatch_failed" in present((await workspace.say(DANA, DB_OPS, "/turso")).notice)


async def test_without_any_connection_a_command_fails_at_once(workspace: Workspace) -> None:
    acted = await workspace.say(DANA, DB_OPS, "/turso")

    assert present(acted.delivery).failure == "no_connection"
    assert "dispatch_failed" in present(acted.notice)


async def test_events_are_sent_again_at_once_after_a_minute_and_after_five(workspace: Workspace) -> None:
    app = Recorder(status=500)
    workspace.hold_time()
    async with connected(workspace, app):
        await workspace.open_home(DANA)
        await delivered(workspace, 2)
        workspace.move_time(timedelta(seconds=59))
        await nothing_more_comes(workspace, app)
        workspace.move_time(timedelta(seconds=2))
        await delivered(workspace, 3)
        workspace.move_time(timedelta(minutes=5))
        await delivered(workspace, 4)
        workspace.move_time(timedelta(hours=2))
        await nothing_more_comes(workspace, app)

    nums = [headers.get("x-slack-retry-num") for headers, _ in app.got]
    assert nums == [None, "1", "2", "3"]
    assert {headers["x-slack-retry-reason"] for headers, _ in app.got[1:]} == {"http_error"}
    assert len({body for _, body in app.got}) == 1  # the same event_id each time


async def test_an_answer_with_the_no_retry_header_stops_the_retries(workspace: Workspace) -> None:
    app = Recorder(status=500, headers={"x-slack-no-retry": "1"})
    async with connected(workspace, app):
        await workspace.open_home(DANA)
        workspace.move_time(timedelta(hours=1))
        await nothing_more_comes(workspace, app)

    assert len(app.got) == 1


@pytest.mark.parametrize(("failing", "reason"), [("timeout", "http_timeout"), ("gone", "connection_failed")])
async def test_a_retry_has_a_header_with_its_reason(workspace: Workspace, failing: str, reason: str) -> None:
    workspace.limits.event_retries = (timedelta(0),)
    async with connected(workspace, Slow(1)):
        if failing == "gone":
            workspace.events_url = "http://127.0.0.1:9/"
        else:
            workspace.limits.ack = timedelta(seconds=0.2)
        await workspace.open_home(DANA)
        await until(lambda: len(workspace.deliveries) == 2)

    assert workspace.deliveries[1].headers["X-Slack-Retry-Reason"] == reason


async def test_two_redirects_are_followed_and_a_third_is_too_many(workspace: Workspace) -> None:
    workspace.limits.event_retries = ()

    async def redirecting(scope: Any, receive: Any, send: Any) -> None:
        left = int(scope["path"].rsplit("/", 1)[-1])
        status, headers = (307, [(b"location", f"/{left - 1}".encode())]) if left else (200, [])
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    async with connected(workspace, redirecting):
        base = present(workspace.events_url).removesuffix("/slack/events")
        workspace.events_url = f"{base}/2"
        assert present((await workspace.open_home(DANA)).delivery).ok
        workspace.events_url = f"{base}/3"
        assert present((await workspace.open_home(DANA)).delivery).failure == "too_many_redirects"


async def test_events_are_disabled_when_nearly_all_deliveries_of_an_hour_failed(workspace: Workspace) -> None:
    workspace.limits.events_before_switch_off, workspace.limits.event_retries = 10, ()
    app = Recorder(status=500)
    async with connected(workspace, app):
        for _ in range(12):
            await workspace.open_home(DANA)

    assert workspace.events.switched_off
    assert len(app.got) == 10


async def test_beyond_the_hourly_limit_of_events_the_app_gets_one_rate_limit_event(
    workspace: Workspace, app: Recorder
) -> None:
    workspace.limits.events_per_hour = 3
    for _ in range(6):
        await workspace.open_home(DANA)

    assert app.payload["type"] == "app_rate_limited"
    assert len(app.got) == 4
    workspace.move_time(timedelta(hours=1, seconds=1))
    assert present((await workspace.open_home(DANA)).delivery).payload["event"]["type"] == "app_home_opened"


def test_slacks_limits_are_the_defaults() -> None:
    limits = Limits()

    assert (limits.events_per_hour, limits.events_before_switch_off) == (30_000, 1_000)
    assert [each.total_seconds() for each in limits.event_retries] == [0, 60, 300]
