"""Over Socket Mode, requests reach the same listeners as over HTTP, and lost connections are replaced."""

import asyncio
import json
from collections.abc import AsyncIterator
from itertools import count
from typing import Any
from urllib.parse import parse_qsl

import pytest
from aiohttp import WSMsgType, web
from aiohttp.test_utils import TestServer
from structlog.testing import capture_logs

from bot.core.concurrency.background import Background
from bot.core.ports import Ack
from bot.core.requests.incoming import Incoming
from bot.errors import NotRecorded
from bot.slack.incoming import socket_mode
from bot.slack.incoming.socket_mode import NotConnected, SocketRunner
from tests.world import until

from .conftest import Gateway
from .requests import click, command, event, submission
from .stub import APP_TOKEN


class FakeSlackSocket:
    """Slack's side of the WebSocket. It refuses the next `broken` connections, and the tickets that they used."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.acks: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.connected: asyncio.Queue[web.WebSocketResponse] = asyncio.Queue()
        app = web.Application()
        app.router.add_get("/link", self._link)
        self.server = TestServer(app)
        self.sent = 0
        self.spoilt: set[str] = set()
        """The tickets that failed connections have used up."""
        self.broken = 0
        """How many of the next connections fail."""

    async def start(self) -> None:
        await self.server.start_server()
        url = str(self.server.make_url("/link")).replace("http:", "ws:")
        tickets = count()
        self.gateway.slack.always["apps.connections.open"] = lambda _: {
            "ok": True,
            "url": f"{url}?ticket={next(tickets)}",
        }

    async def _link(self, request: web.Request) -> web.StreamResponse:
        if self.broken:
            self.broken -= 1
            self.spoilt.add(request.query["ticket"])
        if request.query["ticket"] in self.spoilt:
            return web.Response(status=403)
        ws = web.WebSocketResponse(autoping=True)
        await ws.prepare(request)
        await ws.send_json({"type": "hello", "num_connections": 1})
        await self.connected.put(ws)
        async for message in ws:
            if message.type == WSMsgType.TEXT:
                await self.acks.put(json.loads(message.data))
        return ws

    async def deliver(self, ws: web.WebSocketResponse, kind: str, payload: Any, **more: Any) -> dict[str, Any]:
        """Send an envelope, and return its acknowledgement."""
        self.sent += 1
        envelope = {"type": kind, "envelope_id": f"e-{self.sent}", "payload": payload, "accepts_response_payload": True}
        await ws.send_json({**envelope, **more})
        ack = await asyncio.wait_for(self.acks.get(), 5)
        assert ack["envelope_id"] == f"e-{self.sent}"
        return ack


@pytest.fixture
async def sockets(gateway: Gateway) -> AsyncIterator[FakeSlackSocket]:
    sockets = FakeSlackSocket(gateway)
    await sockets.start()
    yield sockets
    await sockets.server.close()


@pytest.fixture
async def runner(gateway: Gateway, sockets: FakeSlackSocket) -> AsyncIterator[SocketRunner]:
    runner = SocketRunner(gateway.app, APP_TOKEN, gateway.calls, gateway.tasks)
    runner.start()
    yield runner
    await runner.close(drain_seconds=1)


async def link(sockets: FakeSlackSocket) -> web.WebSocketResponse:
    """Return Slack's side of the bot's next connection, as soon as there is one."""
    return await asyncio.wait_for(sockets.connected.get(), 5)


async def test_every_kind_of_envelope_arrives_without_a_signature(
    gateway: Gateway, sockets: FakeSlackSocket, runner: SocketRunner
) -> None:
    ws = await link(sockets)
    assert gateway.slack.calls[0].headers["Authorization"] == f"Bearer {APP_TOKEN}"
    assert "payload" not in await sockets.deliver(ws, "slash_commands", dict(parse_qsl(command("ls").decode())))
    # the client may register the connection later than the server, but before it handles the first envelope
    assert await runner.is_ready()
    await sockets.deliver(ws, "interactive", click())
    gateway.pipeline.answer = Ack({"response_action": "errors", "errors": {"arg.name": "No."}})
    several = [{"response_url": gateway.slack.response_url(name)} for name in ("a", "b")]
    ack = await sockets.deliver(ws, "interactive", {**submission(), "response_urls": several})
    assert ack["payload"] == {"response_action": "errors", "errors": {"arg.name": "No."}}
    mention = event("app_mention", user="U0ANA", channel="C0DBOPS", ts="1.2", text="<@U0BOT> ls")
    await sockets.deliver(ws, "events_api", mention, retry_attempt=1, retry_reason="timeout")
    assert [incoming.kind.value for incoming in gateway.pipeline.received] == [
        "command",
        "action",
        "submission",
        "mention",
    ]


async def test_an_envelope_that_cannot_be_handled_is_acknowledged(
    gateway: Gateway, sockets: FakeSlackSocket, runner: SocketRunner
) -> None:
    ws = await link(sockets)

    async def bug(_: Incoming) -> None:
        raise RuntimeError

    gateway.pipeline.before = bug
    await sockets.deliver(ws, "slash_commands", dict(parse_qsl(command("ls").decode())))
    for odd in ([1], None, {"type": "new"}, {"type": "block_actions", "actions": "x"}, {**click(), "user": 5}):
        assert "payload" not in await sockets.deliver(ws, "interactive", odd)


async def test_a_press_is_not_acknowledged_if_its_person_cannot_be_told_that_it_failed(
    gateway: Gateway, sockets: FakeSlackSocket
) -> None:
    """Without an acknowledgement, Slack shows the press as failed."""
    for method in ("chat.postEphemeral", "chat.postMessage"):
        gateway.slack.always[method] = {"ok": False, "error": "account_inactive"}
    handled: list[float] = []
    runner = SocketRunner(gateway.app, APP_TOKEN, gateway.calls, gateway.tasks, observe_ack=handled.append)
    runner.start()
    ws = await link(sockets)

    async def refuse(_: Incoming) -> None:
        raise NotRecorded.after(2)

    gateway.pipeline.before = refuse
    envelope = {"type": "interactive", "envelope_id": "e-press", "accepts_response_payload": True}
    await ws.send_json({**envelope, "payload": click()})
    await until(lambda: handled, what="the press to be handled")
    gateway.pipeline.before = None
    ack = await sockets.deliver(ws, "interactive", click())
    assert ack["envelope_id"] != "e-press", "the acknowledgement of the press would have come first"
    assert len(gateway.pipeline.received) == 2
    await runner.close()


async def test_a_connection_that_slack_wants_to_refresh_is_replaced(
    gateway: Gateway, sockets: FakeSlackSocket, runner: SocketRunner
) -> None:
    ws = await link(sockets)
    await ws.send_json({"type": "disconnect", "reason": "refresh_requested"})
    ws = await link(sockets)
    await sockets.deliver(ws, "slash_commands", dict(parse_qsl(command("ls").decode())))
    assert len(gateway.pipeline.received) == 1


async def test_closing_acknowledges_and_finishes_the_requests_that_have_arrived(
    gateway: Gateway, sockets: FakeSlackSocket
) -> None:
    runner = SocketRunner(gateway.app, APP_TOKEN, gateway.calls, gateway.tasks)
    runner.start()
    ws = await link(sockets)
    started, done = asyncio.Event(), []

    async def slow(_: Incoming) -> None:
        started.set()
        await asyncio.sleep(0.2)

    async def work(incoming: Incoming) -> None:
        await asyncio.sleep(0.2)
        done.append(incoming.text)

    gateway.pipeline.before, gateway.pipeline.work = slow, work
    sending = asyncio.create_task(
        sockets.deliver(ws, "slash_commands", dict(parse_qsl(command("create orders").decode())))
    )
    await asyncio.wait_for(started.wait(), 5)
    assert await runner.close()
    await sending
    assert done == ["create orders"]
    assert not await runner.is_ready()


async def test_while_slack_is_unreachable_the_bot_is_not_ready_and_can_be_closed(
    gateway: Gateway, sockets: FakeSlackSocket
) -> None:
    gateway.slack.always["apps.connections.open"] = {"ok": False, "error": "internal_error"}
    runner = SocketRunner(gateway.app, APP_TOKEN, gateway.calls, gateway.tasks)
    runner.start()
    await asyncio.sleep(0.1)
    assert not await runner.is_ready()
    assert await runner.close()


async def test_a_revoked_token_is_reported_until_there_is_a_connection_again(
    gateway: Gateway, sockets: FakeSlackSocket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket_mode, "PING_SECONDS", 0.05)
    background, opens = Background(), gateway.slack.always["apps.connections.open"]
    runner = SocketRunner(gateway.app, APP_TOKEN, gateway.calls, gateway.tasks, background=background)
    (loop,) = background
    runner.start()
    ws = await link(sockets)

    with capture_logs() as said:
        gateway.slack.always["apps.connections.open"] = {"ok": False, "error": "token_revoked"}
        await ws.send_json({"type": "disconnect", "reason": "link_disabled"})
        await ws.close()
        await until(lambda: loop.failures > 1, what="the loop to fail twice")
        with pytest.raises(NotConnected, match=r"Slack doesn't accept SLACK_APP_TOKEN \(token_revoked\)\. "):
            await runner.check()
        gateway.slack.always["apps.connections.open"] = opens
        ws = await link(sockets)
        await sockets.deliver(ws, "slash_commands", dict(parse_qsl(command("ls").decode())))
        await until(lambda: not loop.failures, what="the loop to succeed")

    causes = {one["why"] for one in said if one["event"] == "background.failed"}
    assert [sentence.partition(". ")[0] for sentence in causes] == [
        "Slack doesn't accept SLACK_APP_TOKEN (token_revoked)"
    ]
    assert await runner.check() == "The Socket Mode connection to Slack is open."
    await runner.close()


async def test_a_ticket_that_a_broken_connection_used_up_is_not_tried_again(
    gateway: Gateway, sockets: FakeSlackSocket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket_mode, "PING_SECONDS", 0.05)
    sockets.broken = 1
    runner = SocketRunner(gateway.app, APP_TOKEN, gateway.calls, gateway.tasks)
    runner.start()
    with pytest.raises(NotConnected, match="There is no Socket Mode connection to Slack"):
        await runner.check()

    await sockets.deliver(await link(sockets), "slash_commands", dict(parse_qsl(command("ls").decode())))

    await runner.close()
