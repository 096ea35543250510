"""Slack's SDK: signatures, Socket Mode and the shared session."""

import asyncio
import time
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.errors import SlackApiError
from slack_sdk.signature import Clock, SignatureVerifier
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

SECRET, STAMP = "7d3f0c2a9be14f6c8a5512d0e4b7a901", 1793500000
BODY = "token=legacy&team_id=T0ACME001&command=%2Fdb&text=list+prod&user_id=U0ALICE01"


class StoppedClock(Clock):
    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def now(self) -> float:
        return self.seconds


def verifier(after: float = 0) -> SignatureVerifier:
    return SignatureVerifier(SECRET, StoppedClock(STAMP + after))


@pytest.mark.parametrize(("after", "valid"), [(0, True), (300, True), (-300, True), (301, False), (-301, False)])
def test_a_signature_is_valid_for_five_minutes_by_the_given_clock(after: float, valid: bool) -> None:
    signature = verifier().generate_signature(timestamp=str(STAMP), body=BODY)

    assert signature is not None
    assert verifier(after).is_valid(BODY, str(STAMP), signature) is valid
    assert not verifier(after).is_valid(BODY + "x", str(STAMP), signature)
    assert not verifier(after).is_valid(BODY, str(STAMP), "v0=")
    assert not verifier(after).is_valid(BODY, str(STAMP + 1), signature)


def test_a_verifier_needs_a_secret() -> None:
    with pytest.raises(ValueError, match="empty"):
        SignatureVerifier("")


class Slack:
    """The parts of Slack's Web API and WebSocket that Socket Mode needs."""

    def __init__(self) -> None:
        self.acknowledged: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.links: asyncio.Queue[web.WebSocketResponse] = asyncio.Queue()
        app = web.Application()
        app.router.add_post("/api/apps.connections.open", self._open)
        app.router.add_post("/api/auth.test", self._refuse)
        app.router.add_get("/link", self._link)
        self.server = TestServer(app)

    @property
    def api_url(self) -> str:
        return str(self.server.make_url("/api/"))

    async def _open(self, _: web.Request) -> web.Response:
        url = str(self.server.make_url("/link")).replace("http:", "ws:")
        return web.json_response({"ok": True, "url": url})

    async def _refuse(self, _: web.Request) -> web.Response:
        return web.json_response({"ok": False, "error": "invalid_auth"})

    async def _link(self, request: web.Request) -> web.WebSocketResponse:
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        await ws.send_json({"type": "hello"})
        await self.links.put(ws)
        async for message in ws:
            await self.acknowledged.put(message.json())
        return ws


class Handler(AsyncSocketModeHandler):
    """Acknowledges each envelope with its payload."""

    async def handle(self, client: Any, req: SocketModeRequest) -> None:
        assert isinstance(req.payload, dict)
        await client.send_socket_mode_response(SocketModeResponse(req.envelope_id, req.payload | {"seen": True}))


async def authorize(**_: Any) -> AuthorizeResult:
    return AuthorizeResult(enterprise_id=None, team_id="T0ACME")


async def test_socket_mode_passes_envelopes_to_handle_and_exposes_its_tasks() -> None:
    slack = Slack()
    await slack.server.start_server()
    async with aiohttp.ClientSession() as session:
        client = AsyncWebClient(base_url=slack.api_url, session=session)
        handler = Handler(AsyncApp(client=client, signing_secret="", authorize=authorize), "xapp-1", web_client=client)
        messages: list[dict[str, Any]] = []

        async def note(_: Any, message: dict[str, Any], __: str | None) -> None:
            messages.append(message)

        socket = handler.client
        socket.message_listeners.append(note)
        assert socket.current_session is None
        await handler.connect_async()  # type: ignore[no-untyped-call]
        link = await asyncio.wait_for(slack.links.get(), 5)
        assert await socket.is_connected()
        assert not socket.message_processor.done()
        assert socket.message_receiver is not None
        assert socket.current_session_monitor is not None
        assert not socket.connect_operation_lock.locked()

        await link.send_json({"type": "interactive", "envelope_id": "e-1", "payload": {"type": "x"}})
        acknowledged = await asyncio.wait_for(slack.acknowledged.get(), 5)
        assert acknowledged == {"envelope_id": "e-1", "payload": {"type": "x", "seen": True}}
        await link.send_json({"type": "interactive", "envelope_id": "e-2", "payload": [1]})
        await until(lambda: any(one.get("envelope_id") == "e-2" for one in messages))

        await socket.connect_to_new_endpoint(force=True)
        await asyncio.wait_for(slack.links.get(), 5)
        await handler.close_async()  # type: ignore[no-untyped-call]
        assert not await socket.is_connected()
    await slack.server.close()


async def until(holds: Any) -> None:
    end = time.monotonic() + 5
    while not holds():
        assert time.monotonic() < end
        await asyncio.sleep(0.01)


async def test_a_call_uses_the_given_session_and_an_error_contains_the_answer() -> None:
    slack = Slack()
    await slack.server.start_server()
    async with aiohttp.ClientSession() as session:
        client = AsyncWebClient(token="xoxb-1", base_url=slack.api_url, session=session, retry_handlers=[])

        with pytest.raises(SlackApiError) as caught:
            await client.api_call("auth.test")

        assert caught.value.response.get("error") == "invalid_auth"
        assert caught.value.response.status_code == 200
        assert client.session is session
        assert not session.closed
    await slack.server.close()
