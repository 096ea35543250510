"""Rate limits by tier and by channel, and every fault that can be switched on."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.sandbox.workspace import Workspace
from bot.sandbox.workspace.faults import Trouble
from bot.sandbox.workspace.seed import BEN, DANA, DB_OPS, ORDERS
from bot.sandbox.workspace.webapi.rates import BURST_OF_POSTS
from tests.present import present
from tests.sandbox.workspace.stage import Recorder, actions, button, client_of, connected, error_of, until


async def limited(call: Any) -> str:
    """Await a call that must get a 429, and return the answer's `Retry-After`."""
    with pytest.raises(SlackApiError) as raised:
        await call
    assert raised.value.response.status_code == 429
    assert raised.value.response["error"] == "ratelimited"
    return str(raised.value.response.headers["Retry-After"])


async def test_a_channel_accepts_about_one_message_a_second_by_all_methods_together(
    workspace: Workspace, client: AsyncWebClient, app: Recorder
) -> None:
    workspace.limits.rates = "strict"
    await workspace.say(DANA, DB_OPS, "/turso")
    hook = AsyncWebhookClient(app.form["response_url"], retry_handlers=[])
    for _ in range(2):
        await client.chat_postMessage(channel=DB_OPS, text="a")
    await client.chat_postEphemeral(channel=DB_OPS, user=DANA, text="a")
    assert (await hook.send(text="a")).status_code == 200

    assert await limited(client.chat_postMessage(channel=DB_OPS, text="a")) == "1"
    assert (await hook.send(text="a")).status_code == 429
    assert (await client.chat_postMessage(channel=ORDERS, text="a"))["ok"]
    workspace.move_time(timedelta(seconds=1))
    assert (await client.chat_postMessage(channel=DB_OPS, text="a"))["ok"]


@pytest.mark.parametrize(
    ("method", "given", "per_minute"),
    [
        ("usergroups.list", {}, 20),
        ("conversations.info", {"channel": DB_OPS}, 50),
        ("users.info", {"user": DANA}, 100),
    ],
    ids=["tier 2", "tier 3", "tier 4"],
)
async def test_each_method_has_the_rate_limit_of_its_tier(
    workspace: Workspace, client: AsyncWebClient, method: str, given: dict[str, Any], per_minute: int
) -> None:
    workspace.limits.rates = "strict"
    workspace.hold_time()
    for _ in range(per_minute):
        await client.api_call(method, data=given)
    assert int(await limited(client.api_call(method, data=given))) >= 1
    assert (await client.auth_test())["ok"]  # another method has its own limit
    workspace.move_time(timedelta(minutes=1))
    assert (await client.api_call(method, data=given))["ok"]


async def test_rate_limits_are_generous_by_default_and_can_be_turned_off(
    workspace: Workspace, client: AsyncWebClient
) -> None:
    workspace.hold_time()
    for _ in range(20 * BURST_OF_POSTS):
        await client.chat_postMessage(channel=DB_OPS, text="a")
    await limited(client.chat_postMessage(channel=DB_OPS, text="a"))

    workspace.limits.rates = "off"
    for _ in range(20):
        await client.chat_postMessage(channel=DB_OPS, text="a")


# -- faults of calls


async def test_slow_answers_are_delayed(workspace: Workspace, client: AsyncWebClient) -> None:
    workspace.faults.add("slow", "chat.*", seconds=0.3, times=1)
    started = time.perf_counter()
    await client.chat_postMessage(channel=DB_OPS, text="a")
    assert time.perf_counter() - started >= 0.3


async def test_slack_sdk_retries_after_several_429_answers(workspace: Workspace) -> None:
    workspace.faults.add("ratelimited", "chat.postMessage", times=2, seconds=1)
    client = client_of(workspace)
    client.retry_handlers.append(AsyncRateLimitErrorRetryHandler(max_retry_count=3))

    assert (await client.chat_postMessage(channel=DB_OPS, text="a"))["ok"]
    assert [each.status for each in workspace.calls] == [429, 429, 200]


@pytest.mark.parametrize("status", [500, 503])
async def test_a_server_error_posts_nothing(workspace: Workspace, client: AsyncWebClient, status: int) -> None:
    workspace.faults.add("server_error", "chat.postMessage", status=status, times=1)
    with pytest.raises(SlackApiError) as raised:
        await client.chat_postMessage(channel=DB_OPS, text="a")

    assert raised.value.response.status_code == status
    assert workspace.history(DB_OPS, DANA) == []


async def test_a_dropped_connection_posts_nothing_and_a_lost_answer_leaves_the_message(
    workspace: Workspace, client: AsyncWebClient
) -> None:
    cases: tuple[tuple[Trouble, int], ...] = (("drop", 0), ("lost_answer", 1))
    for trouble, messages in cases:
        workspace.faults.add(trouble, "chat.postMessage", times=1)
        with pytest.raises((aiohttp.ClientError, SlackApiError)):
            await client.chat_postMessage(channel=DB_OPS, text="a")
        assert len(workspace.history(DB_OPS, DANA)) == messages


async def test_a_message_that_is_posted_twice_appears_twice(workspace: Workspace, client: AsyncWebClient) -> None:
    for _ in range(2):
        await client.chat_postMessage(channel=DB_OPS, text="a")

    assert len(workspace.history(DB_OPS, DANA)) == 2


async def test_a_lost_ephemeral_message_is_answered_with_ok_and_not_shown(
    workspace: Workspace, client: AsyncWebClient
) -> None:
    workspace.faults.add("lost_ephemeral", times=1)

    assert (await client.chat_postEphemeral(channel=DB_OPS, user=DANA, text="a"))["ok"]
    assert workspace.history(DB_OPS, DANA) == []


@pytest.mark.parametrize(("trouble", "status"), [("ratelimited", 429), ("server_error", 503)])
async def test_faults_also_apply_to_response_urls(
    workspace: Workspace, app: Recorder, trouble: Trouble, status: int
) -> None:
    await workspace.say(DANA, DB_OPS, "/turso")
    workspace.faults.add(trouble, "response_url", times=1)
    hook = AsyncWebhookClient(app.form["response_url"], retry_handlers=[])

    assert (await hook.send(text="a")).status_code == status
    assert (await hook.send(text="a")).status_code == 200


@pytest.mark.parametrize("method", ["chat.postMessage", "conversations.info", "response_url", "upload"])
@pytest.mark.parametrize("status", [200, 429, 520, 525])
async def test_a_fault_can_return_a_web_page_instead_of_json(
    workspace: Workspace, client: AsyncWebClient, app: Recorder, method: str, status: int
) -> None:
    await workspace.say(DANA, DB_OPS, "/turso")
    urls = {
        "response_url": app.form["response_url"],
        "upload": (await client.files_getUploadURLExternal(filename="a", length=1))["upload_url"],
    }
    workspace.faults.add("html", method, status=status, seconds=7, times=1)
    before = len(workspace.history(DB_OPS, DANA))
    async with aiohttp.ClientSession() as session:
        url = urls.get(method, f"{workspace.api_url}{method}")
        answer = await session.post(url, json={"text": "a", "channel": DB_OPS})
        assert answer.status == status
        assert (answer.content_type, (await answer.text())[:15]) == ("text/html", "<!DOCTYPE html>")
        assert answer.headers.get("Retry-After") == ("7" if status == 429 else None)
    assert len(workspace.history(DB_OPS, DANA)) == before


@pytest.mark.parametrize("trouble", ["ratelimited", "html"])
async def test_a_fault_can_return_a_429_without_retry_after(
    workspace: Workspace, client: AsyncWebClient, trouble: Trouble
) -> None:
    workspace.faults.add(trouble, "users.info", status=429, retry_after=False, times=1)
    async with aiohttp.ClientSession() as session:
        answer = await session.post(f"{workspace.api_url}users.info")

    assert answer.status == 429
    assert "Retry-After" not in answer.headers


@pytest.mark.parametrize("code", ["team_added_to_org", "a_word_that_slack_has_never_used"])
async def test_any_error_code_can_be_returned_by_one_method_for_a_while(
    workspace: Workspace, client: AsyncWebClient, code: str
) -> None:
    fault = workspace.faults.add("api_error", "chat.postMessage", error=code)
    for _ in range(3):
        assert await error_of(client.chat_postMessage(channel=DB_OPS, text="a")) == code
    assert (await client.users_info(user=BEN))["ok"]
    workspace.faults.remove(fault)
    assert (await client.chat_postMessage(channel=DB_OPS, text="a"))["ok"]


@pytest.mark.parametrize(("trouble", "messages"), [("silent", 0), ("silent_after", 1)])
async def test_a_fault_can_leave_a_call_unanswered_before_or_after_its_effect(
    workspace: Workspace, client: AsyncWebClient, trouble: Trouble, messages: int
) -> None:
    workspace.faults.add(trouble, "chat.postMessage", times=1)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(client.chat_postMessage(channel=DB_OPS, text="a"), 0.3)

    assert len(workspace.history(DB_OPS, DANA)) == messages
    assert workspace.calls[-1].method == "chat.postMessage"
    assert (await client.chat_postMessage(channel=DB_OPS, text="a"))["ok"]


@pytest.mark.parametrize(("trouble", "ts"), [("malformed", 17), ("bare", None)])
async def test_a_fault_can_return_ok_with_a_wrong_or_missing_ts(
    workspace: Workspace, client: AsyncWebClient, trouble: Trouble, ts: object
) -> None:
    workspace.faults.add(trouble, "chat.postMessage", times=1)

    answer = await client.chat_postMessage(channel=DB_OPS, text="a")

    assert answer["ok"]
    assert answer.get("ts") == ts
    assert len(workspace.history(DB_OPS, DANA)) == 1, "the message is posted"


# -- faults of deliveries


async def test_a_duplicate_is_the_same_request_twice(workspace: Workspace, app: Recorder) -> None:
    workspace.faults.add("duplicate", "slash_commands", times=1)
    await workspace.say(DANA, DB_OPS, "/turso")
    await until(lambda: len(app.got) == 2)

    assert app.got[0][1] == app.got[1][1]


async def test_a_lost_acknowledgement_shows_a_timeout_and_repeats_an_event(workspace: Workspace, app: Recorder) -> None:
    workspace.faults.add("lost_ack", times=2)
    assert "operation_timeout" in present((await workspace.say(DANA, DB_OPS, "/turso")).notice)
    await workspace.open_home(DANA)
    await until(lambda: len(app.got) == 3)

    assert app.got[2][0]["x-slack-retry-reason"] == "http_timeout"


async def test_an_undelivered_request_never_arrives(workspace: Workspace, app: Recorder) -> None:
    workspace.faults.add("undelivered", "slash_commands")
    assert "dispatch_failed" in present((await workspace.say(DANA, DB_OPS, "/turso")).notice)
    assert app.got == []


async def test_a_slow_delivery_arrives_late(workspace: Workspace, app: Recorder, client: AsyncWebClient) -> None:
    posted = await client.chat_postMessage(channel=DB_OPS, text="a", blocks=actions(button()))
    workspace.faults.add("slow_delivery", "block_actions", seconds=0.2)
    pressing = asyncio.ensure_future(workspace.click(DANA, message_ts=posted["ts"], action_id="go"))
    await asyncio.sleep(0.05)
    assert app.got == []
    assert present((await pressing).delivery).ok
    assert len(app.got) == 1


async def test_a_fault_applies_to_a_pattern_a_number_of_times_and_can_be_removed(
    workspace: Workspace, client: AsyncWebClient
) -> None:
    endless = workspace.faults.add("api_error", "users.*", error="fatal_error")
    assert await error_of(client.users_info(user=BEN)) == "fatal_error"
    assert (await client.auth_test())["ok"]
    workspace.faults.remove(endless)
    assert (await client.users_info(user=BEN))["ok"]

    workspace.faults.add("api_error", "users.*", error="fatal_error", times=2)
    for _ in range(2):
        assert await error_of(client.users_info(user=BEN)) == "fatal_error"
    assert (await client.users_info(user=BEN))["ok"]

    workspace.faults.add("api_error", times=1)
    workspace.faults.clear()
    assert (await client.auth_test())["ok"]


async def test_a_delivery_is_recorded_with_everything_that_the_inspector_shows(
    workspace: Workspace, app: Recorder
) -> None:
    app.body = b"done"
    async with connected(workspace, app):
        await workspace.say(DANA, DB_OPS, "/turso db list")

    (delivery,) = workspace.deliveries
    assert (delivery.kind, delivery.over, delivery.person_id) == ("slash_commands", "http", DANA)
    assert (delivery.status, delivery.answer) == (200, "done")
    assert present(delivery.milliseconds) > 0
    assert delivery.headers["X-Slack-Signature"] == delivery.signature
    assert "db+list" in delivery.body
