"""Socket Mode with slack_sdk's own client: tickets, hello, envelopes, several connections, refreshes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.workspace import Workspace
from bot.sandbox.workspace.seed import DANA, DB_OPS
from tests.present import present
from tests.sandbox.workspace.stage import APP_TOKEN, Recorder, actions, bolt, button, error_of, until


class ListeningClient(SocketModeClient):
    """slack_sdk's client, with a list of the requests that it got."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.got: list[SocketModeRequest] = []


@asynccontextmanager
async def connection(workspace: Workspace, answer: Any = lambda request: None) -> AsyncIterator[ListeningClient]:
    """Connect slack_sdk's client. `answer` returns the payload of each acknowledgement, or `False` for none."""
    client = ListeningClient(app_token=APP_TOKEN, web_client=bolt(workspace).client)

    async def listen(_: object, request: SocketModeRequest) -> None:
        client.got.append(request)
        payload = answer(request)
        if payload is not False:
            await client.send_socket_mode_response(SocketModeResponse(request.envelope_id, payload))

    client.socket_mode_request_listeners.append(listen)
    before = len(workspace.sockets.connections)
    await client.connect()  # type: ignore[no-untyped-call]  # slack_sdk leaves it untyped
    try:
        await until(lambda: len(workspace.sockets.connections) > before)
        yield client
    finally:
        await client.close()  # type: ignore[no-untyped-call]  # slack_sdk leaves it untyped


@asynccontextmanager
async def raw(client: AsyncWebClient, more: str = "", **options: Any) -> AsyncIterator[Any]:
    """Open a plain WebSocket with a new ticket. `more` is added to its URL, and `options` are those of aiohttp."""
    url = (await client.apps_connections_open(app_token=APP_TOKEN))["url"]
    async with aiohttp.ClientSession() as http, http.ws_connect(url + more, **options) as socket:
        yield socket


async def test_every_kind_of_envelope_arrives_and_is_acknowledged(workspace: Workspace, client: AsyncWebClient) -> None:
    async with connection(workspace) as app:
        assert present((await workspace.say(DANA, DB_OPS, "/turso db list")).delivery).ok
        posted = await client.chat_postMessage(channel=DB_OPS, text="a", blocks=actions(button()))
        assert present((await workspace.click(DANA, message_ts=posted["ts"], action_id="go")).delivery).ok
        assert present((await workspace.open_home(DANA)).delivery).ok

    command, click, event = app.got
    assert [each.type for each in app.got] == ["slash_commands", "interactive", "events_api"]
    assert (command.payload["text"], command.accepts_response_payload) == ("db list", True)
    assert click.payload["type"] == "block_actions"
    assert (event.payload["event"]["type"], event.accepts_response_payload) == ("app_home_opened", False)
    assert (event.retry_attempt, event.retry_reason) == (0, "")


async def test_the_payload_of_an_acknowledgement_is_the_answer(workspace: Workspace) -> None:
    async with connection(workspace, lambda request: {"text": "done"}):
        assert present((await workspace.say(DANA, DB_OPS, "/turso")).message).text == "done"


async def test_a_missing_acknowledgement_is_reported_to_the_person(workspace: Workspace) -> None:
    workspace.limits.ack = timedelta(seconds=0.2)
    async with connection(workspace, lambda request: False):
        acted = await workspace.say(DANA, DB_OPS, "/turso")

    assert "operation_timeout" in present(acted.notice)


async def test_the_hello_message_describes_the_connection(workspace: Workspace, client: AsyncWebClient) -> None:
    async with raw(client) as socket:
        hello = json.loads((await socket.receive()).data)

    assert (hello["type"], hello["num_connections"]) == ("hello", 1)
    assert hello["connection_info"] == {"app_id": "A0TURSO"}
    assert hello["debug_info"]["approximate_connection_time"] == 3600


async def test_a_ticket_is_valid_once_and_expires_soon(workspace: Workspace, client: AsyncWebClient) -> None:
    url = (await client.apps_connections_open(app_token=APP_TOKEN))["url"]
    late = (await client.apps_connections_open(app_token=APP_TOKEN))["url"]
    async with aiohttp.ClientSession() as http:
        async with http.ws_connect(url):
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await http.ws_connect(url)
        workspace.move_time(timedelta(seconds=31))
        for refused in (late, f"{url.split('?')[0]}?ticket=guessed"):
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await http.ws_connect(refused)


async def test_opening_needs_the_app_token(client: AsyncWebClient) -> None:
    assert await error_of(client.apps_connections_open(app_token="xapp-other")) == "invalid_auth"


async def test_ping_is_answered_with_the_same_payload(workspace: Workspace, client: AsyncWebClient) -> None:
    async with raw(client, autoping=False) as socket:  # otherwise aiohttp wouldn't return the pong
        await socket.receive()
        await socket.ping(b"sdk-ping-pong:1793500000")
        answer = await socket.receive()
    assert (answer.type, answer.data) == (aiohttp.WSMsgType.PONG, b"sdk-ping-pong:1793500000")


async def test_several_connections_share_the_envelopes(workspace: Workspace) -> None:
    async with connection(workspace) as one, connection(workspace) as two:
        for _ in range(6):
            await workspace.say(DANA, DB_OPS, "/turso")

    assert (len(one.got), len(two.got)) == (3, 3)


async def test_connections_above_the_limit_of_ten_are_refused(workspace: Workspace, client: AsyncWebClient) -> None:
    assert workspace.limits.socket_connections == 10
    workspace.limits.socket_connections = 2
    async with raw(client), raw(client):
        with pytest.raises(aiohttp.WSServerHandshakeError):
            async with raw(client):
                pass


async def test_an_acknowledgement_can_be_sent_over_another_connection(
    workspace: Workspace, client: AsyncWebClient
) -> None:
    async with raw(client) as one, raw(client) as two:
        await one.receive()
        await two.receive()
        saying = asyncio.ensure_future(workspace.say(DANA, DB_OPS, "/turso"))
        got = asyncio.ensure_future(one.receive()), asyncio.ensure_future(two.receive())
        done, waiting = await asyncio.wait(got, return_when=asyncio.FIRST_COMPLETED)
        envelope = json.loads(done.pop().result().data)
        waiting.pop().cancel()
        other = two if got[0].done() and not got[0].cancelled() else one
        await other.send_str(json.dumps({"envelope_id": envelope["envelope_id"], "payload": {"text": "hi"}}))
        assert present((await saying).message).text == "hi"


async def test_an_event_without_an_acknowledgement_is_sent_again_with_its_count(workspace: Workspace) -> None:
    workspace.limits.ack, workspace.limits.event_retries = timedelta(seconds=0.2), (timedelta(0), timedelta(0))
    tries = iter([False, False, None])
    async with connection(workspace, lambda request: next(tries)) as app:
        await workspace.open_home(DANA)
        await until(lambda: len(app.got) == 3)

    assert [each.retry_attempt for each in app.got] == [0, 1, 2]
    assert app.got[1].retry_reason == "http_timeout"
    assert len({each.payload["event_id"] for each in app.got}) == 1
    assert len({each.envelope_id for each in app.got}) == 3


async def test_an_event_is_sent_again_over_the_remaining_connection(
    workspace: Workspace, client: AsyncWebClient
) -> None:
    workspace.limits.ack, workspace.limits.event_retries = timedelta(seconds=1), (timedelta(0),)
    async with connection(workspace) as living:
        async with raw(client) as dying:
            await dying.receive()
            opening = [asyncio.ensure_future(workspace.open_home(DANA)) for _ in range(2)]
            await dying.receive()
        await asyncio.gather(*opening)
        await until(lambda: len(living.got) >= 2)


async def test_a_refresh_is_followed_by_a_new_connection_of_the_sdk(workspace: Workspace) -> None:
    workspace.limits.ack = timedelta(seconds=2)
    async with connection(workspace) as app:
        (old,) = workspace.sockets.connections
        await workspace.sockets.disconnect("refresh_requested")
        await until(lambda: workspace.sockets.connections and workspace.sockets.connections[0] is not old)
        # slack_sdk may open two connections: one for the disconnect message, and one because the old connection closed.
        # It then loses what arrives over the first of the two.
        said = [await workspace.say(DANA, DB_OPS, "/turso")]
        while not present(said[-1].delivery).ok and len(said) < 5:
            said.append(await workspace.say(DANA, DB_OPS, "/turso"))
        assert present(said[-1].delivery).ok
        assert len(app.got) == 1


async def test_a_bolt_app_survives_a_refresh_during_a_command(workspace: Workspace) -> None:
    app, started, go_on = bolt(workspace), asyncio.Event(), asyncio.Event()

    @app.command("/turso")
    async def on_command(ack: Any) -> None:
        started.set()
        await go_on.wait()
        await ack("still here")

    handler = AsyncSocketModeHandler(app, APP_TOKEN)
    await handler.connect_async()  # type: ignore[no-untyped-call]  # slack_bolt leaves it untyped
    try:
        await until(lambda: workspace.sockets.connections)
        (old,) = workspace.sockets.connections
        saying = asyncio.ensure_future(workspace.say(DANA, DB_OPS, "/turso"))
        await started.wait()
        await workspace.sockets.disconnect("refresh_requested")
        await until(lambda: workspace.sockets.connections and workspace.sockets.connections[0] is not old)
        go_on.set()
        assert present((await saying).message).text == "still here"
    finally:
        await handler.close_async()  # type: ignore[no-untyped-call]  # slack_bolt leaves it untyped


async def test_a_connection_is_warned_ten_seconds_before_its_refresh(
    workspace: Workspace, client: AsyncWebClient
) -> None:
    async with raw(client) as socket:
        await socket.receive()
        workspace.move_time(timedelta(minutes=59, seconds=51))
        assert json.loads((await socket.receive()).data)["reason"] == "warning"
        await asyncio.sleep(0.05)
        workspace.move_time(timedelta(seconds=11))
        assert json.loads((await socket.receive()).data)["reason"] == "refresh_requested"
        assert (await socket.receive()).type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)


async def test_debug_reconnects_shortens_the_life_of_a_connection_to_six_minutes(
    workspace: Workspace, client: AsyncWebClient
) -> None:
    async with raw(client, "&debug_reconnects=true") as socket:
        assert json.loads((await socket.receive()).data)["debug_info"]["approximate_connection_time"] == 360


async def test_switching_off_socket_mode_closes_every_connection(workspace: Workspace, client: AsyncWebClient) -> None:
    async with raw(client) as socket:
        await socket.receive()
        await workspace.sockets.disconnect("link_disabled")
        assert json.loads((await socket.receive()).data)["reason"] == "link_disabled"
    assert workspace.sockets.connections == ()


async def test_the_sdk_reconnects_after_a_connection_broke_silently(workspace: Workspace) -> None:
    async with connection(workspace) as app:
        await workspace.sockets.drop()
        await until(lambda: workspace.sockets.connections)
        assert present((await workspace.say(DANA, DB_OPS, "/turso")).delivery).ok
        assert len(app.got) == 1


async def test_nonsense_from_the_app_is_ignored(workspace: Workspace, client: AsyncWebClient) -> None:
    async with raw(client) as socket:
        await socket.receive()
        for nonsense in ("{", "[]", '"a"', '{"envelope_id": "unknown"}'):
            await socket.send_str(nonsense)
        saying = asyncio.ensure_future(workspace.say(DANA, DB_OPS, "/turso"))
        envelope = json.loads((await socket.receive()).data)
        await socket.send_str(json.dumps({"envelope_id": envelope["envelope_id"]}))
        assert present((await saying).delivery).ok


async def test_requests_over_the_socket_have_no_signature_and_no_headers(workspace: Workspace) -> None:
    async with connection(workspace):
        delivery = (await workspace.say(DANA, DB_OPS, "/turso")).delivery

    assert delivery is not None
    assert (delivery.over, delivery.signature, delivery.headers) == ("socket", "", {})


async def test_with_a_request_url_nothing_is_sent_over_the_socket(workspace: Workspace, app: Recorder) -> None:
    async with connection(workspace) as socket:
        await workspace.say(DANA, DB_OPS, "/turso")

    assert (len(app.got), len(socket.got)) == (1, 0)
