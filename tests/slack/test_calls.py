"""Calls to Slack: shared connections, pauses between posts, counts, repetitions, and an unreachable Slack."""

from typing import Any, NoReturn

import pytest
from aiohttp import web

from bot.errors import CannotPost, Unavailable
from bot.slack.outgoing._final_codes import Purpose, purpose_of
from bot.slack.outgoing.answer_shapes import SHAPES
from bot.slack.outgoing.channel_pacing import ChannelPacing
from bot.slack.outgoing.web_api import SlackTrouble

from .addresses import HELLO, HERE, keep
from .conftest import Gateway
from .stub import limited, refused


async def test_calls_share_their_connections(gateway: Gateway) -> None:
    keep(gateway)
    for _ in range(10):
        await gateway.delivery.post("C0DBOPS", HELLO)
    await gateway.delivery.send_ephemeral(HERE, HELLO)
    assert len(gateway.slack.connections) == 1


async def test_every_call_is_counted(gateway: Gateway) -> None:
    keep(gateway)
    gateway.seen.clear()
    await gateway.delivery.answer(HERE, HELLO, public=True)
    gateway.slack.answers["chat.postMessage"] = [refused("is_archived")]
    with pytest.raises(CannotPost):
        await gateway.delivery.post("C0DBOPS", HELLO)
    assert gateway.seen == [("response_url", "ok"), ("chat.postMessage", "is_archived")]


async def test_every_post_waits_for_its_turn(gateway: Gateway) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    gateway.delivery.pace = ChannelPacing(now=lambda: 100.0, sleep=sleep)
    keep(gateway)
    await gateway.delivery.answer(HERE, HELLO, public=True)
    assert slept == [], "an answer through a response_url doesn't wait"
    await gateway.delivery.post("C0DBOPS", HELLO)
    await gateway.delivery.post("C0DBOPS", HELLO)
    assert slept == [1.0, 2.0]


async def test_posts_to_one_channel_are_a_second_apart() -> None:
    now, slept = 100.0, []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    pace = ChannelPacing(now=lambda: now, sleep=sleep)
    for _ in range(3):
        await pace.turn("C0DBOPS")
    await pace.turn("C0OTHER")
    assert slept == [1.0, 2.0]
    now = 103.5
    pace.note("C0DBOPS")
    await pace.turn("C0DBOPS")
    assert slept == [1.0, 2.0, 1.0]


async def test_a_call_is_repeated_once_after_the_server_closed_a_kept_connection(gateway: Gateway) -> None:
    keep(gateway)
    await gateway.delivery.send_ephemeral(HERE, HELLO)

    gateway.slack.answers["response_url"] = [_breaks]
    await gateway.delivery.send_ephemeral(HERE, HELLO)
    assert gateway.slack.methods() == ["response_url"] * 3, "one call, one whose connection broke, and its repetition"

    gateway.slack.calls.clear()
    gateway.slack.answers["response_url"] = [_breaks, _breaks]
    await gateway.delivery.send_ephemeral(HERE, HELLO)
    assert gateway.slack.methods() == ["response_url"] * 2 + ["chat.postEphemeral"], "there is no second repetition"


async def test_a_connection_that_breaks_at_the_last_attempt_is_not_reported_as_a_rate_limit(gateway: Gateway) -> None:
    gateway.slack.answers["upload"] = [*(limited("0") for _ in range(3)), _breaks]

    with pytest.raises(SlackTrouble) as caught:
        await gateway.calls.upload(f"{gateway.slack.origin}/upload", b"x")

    assert caught.value.code == "unreachable"
    assert not caught.value.nothing_happened


def _breaks(arguments: dict[str, Any]) -> NoReturn:
    raise ConnectionResetError


@pytest.mark.parametrize(
    "answer", [_breaks, web.Response(status=500), web.Response(status=503)], ids=["a broken connection", "500", "503"]
)
async def test_a_post_that_may_have_arrived_is_repeated_unless_it_must_not_appear_twice(
    gateway: Gateway, answer: Any
) -> None:
    gateway.slack.answers["chat.postMessage"] = [answer]
    await gateway.delivery.post("C0DBOPS", HELLO)
    assert len(gateway.slack.of("chat.postMessage")) == 2

    gateway.slack.answers["chat.postMessage"] = [answer]
    with pytest.raises(Unavailable) as caught:
        await gateway.delivery.post_once("C0DBOPS", HELLO)
    assert len(gateway.slack.of("chat.postMessage")) == 3
    assert not caught.value.nothing_happened


@pytest.mark.parametrize("code", ["internal_error", "fatal_error"])
async def test_a_post_after_which_slack_reports_an_error_of_its_own_may_have_arrived(
    gateway: Gateway, code: str
) -> None:
    gateway.slack.answers["chat.postMessage"] = [refused(code)]
    with pytest.raises(Unavailable) as caught:
        await gateway.delivery.post_once("C0DBOPS", HELLO)
    assert not caught.value.nothing_happened


async def test_a_post_that_slack_limits_is_repeated_even_if_it_must_not_appear_twice(gateway: Gateway) -> None:
    gateway.slack.answers["chat.postMessage"] = [limited()]
    assert await gateway.delivery.post_once("C0DBOPS", HELLO)
    assert len(gateway.slack.of("chat.postMessage")) == 2


async def test_a_call_to_an_unreachable_slack_raises_unavailable(gateway: Gateway) -> None:
    keep(gateway)
    await gateway.slack.close()
    with pytest.raises(Unavailable):
        await gateway.delivery.post("C0DBOPS", HELLO)
    with pytest.raises(Unavailable):
        await gateway.delivery.send_ephemeral(HERE, HELLO)


@pytest.mark.parametrize("method", [one for one in SHAPES if purpose_of(one) is Purpose.LOOKUP])
async def test_a_lookup_sends_no_json_because_slack_ignores_it_there(gateway: Gateway, method: str) -> None:
    gateway.slack.always[method] = refused("fatal_error")

    with pytest.raises(SlackTrouble):
        await gateway.calls.call(method, {"user": "U0ANA", "channel": "C0DBOPS"})

    (call,) = gateway.slack.calls
    assert (call.method, call.arguments) == (method, {"user": "U0ANA", "channel": "C0DBOPS"})
    assert "json" not in call.headers.get("Content-Type", "")
