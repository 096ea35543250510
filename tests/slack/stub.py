"""A fake Slack on a real socket. Tests set its answers, and it records every call."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

TOKEN = "xoxb-1111111111-not-a-real-token"
APP_TOKEN = "xapp-1-A0TEST-not-a-real-token"
Answer = dict[str, Any] | web.Response | Callable[[dict[str, Any]], Any]

PEOPLE: dict[str, dict[str, Any]] = {
    "U0ANA": {"team_id": "T0ACME", "tz": "Europe/Berlin", "profile": {"display_name": "ana"}},
    "U0GUEST": {"team_id": "T0ACME", "is_restricted": True},
    "U0AWAY": {"team_id": "T0OTHER", "is_stranger": True},
    "U0LEFT": {"team_id": "T0ACME", "deleted": True},
    "U0INVITED": {"team_id": "T0ACME", "is_invited_user": True},
    "U0ROBOT": {"team_id": "T0ACME", "is_bot": True},
    "U0FLOW": {"team_id": "T0ACME", "is_workflow_bot": True},
    "USLACKBOT": {"team_id": "T0ACME", "is_bot": False},
    "W0GRID": {"team_id": "T0SISTER", "enterprise_user": {"enterprise_id": "E0ACME"}},
}
CHANNELS: dict[str, dict[str, Any]] = {
    "C0DBOPS": {"name": "db-ops", "is_member": True},
    "C0SHARED": {"name": "with-partner", "is_member": True, "is_ext_shared": True},
    "C0PENDING": {"name": "soon-with-partner", "is_member": True, "is_pending_ext_shared": True},
    "C0UNJOINED": {"name": "general", "is_member": False},
    "G0TALK": {"name": "mpdm-a--b--c-1", "is_mpim": True, "is_member": True},
}


@dataclass
class Call:
    """A call that the fake Slack got."""

    method: str
    arguments: dict[str, Any]
    headers: dict[str, str] = field(default_factory=dict)


class SlackStub:
    """The fake Slack. `calls` are the calls so far, and `connections` are the transports on which they arrived.

    A call of a method gets the next entry of `answers[method]`, otherwise `always[method]`, otherwise a usual answer.
    An answer may be a function, which gets the call's arguments. It can raise ConnectionResetError to break the
    connection.
    """

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.answers: dict[str, list[Answer]] = defaultdict(list)
        self.always: dict[str, Answer] = {}
        self.connections: set[asyncio.BaseTransport | None] = set()
        self.ts = 0
        app = web.Application(client_max_size=10_000_000)
        app.router.add_route("*", "/api/{method}", self._api)
        app.router.add_post("/respond/{key}", self._respond)
        app.router.add_post("/upload", self._upload)
        self.server = TestServer(app)

    async def start(self) -> None:
        await self.server.start_server()

    async def close(self) -> None:
        await self.server.close()

    @property
    def origin(self) -> str:
        return str(self.server.make_url("")).rstrip("/")

    @property
    def api_url(self) -> str:
        return f"{self.origin}/api/"

    def response_url(self, key: str = "one") -> str:
        return f"{self.origin}/respond/{key}"

    def of(self, method: str) -> list[dict[str, Any]]:
        """Return the arguments of every call of a method."""
        return [call.arguments for call in self.calls if call.method == method]

    def methods(self) -> list[str]:
        return [call.method for call in self.calls]

    async def _api(self, request: web.Request) -> web.Response:
        arguments: dict[str, Any] = dict(request.query)
        if request.content_type == "application/json" and request.can_read_body:
            arguments |= await request.json()
        return self._answer(request.match_info["method"], arguments, request)

    async def _respond(self, request: web.Request) -> web.Response:
        return self._answer("response_url", await request.json(), request)

    async def _upload(self, request: web.Request) -> web.Response:
        return self._answer("upload", {"content": (await request.read()).decode()}, request)

    def _answer(self, method: str, arguments: dict[str, Any], request: web.Request) -> web.Response:
        self.connections.add(request.transport)
        self.calls.append(Call(method, arguments, dict(request.headers)))
        waiting = self.answers[method]
        answer: Answer = waiting.pop(0) if waiting else self.always.get(method) or self._usual(method, arguments)
        if callable(answer) and not isinstance(answer, web.Response):
            try:
                answer = answer(arguments)
            except ConnectionResetError:
                if request.transport is not None:
                    request.transport.abort()
                raise
        if isinstance(answer, web.Response):
            return web.Response(status=answer.status, body=answer.body, headers=answer.headers)
        return web.json_response(answer, headers={"x-oauth-scopes": "commands,chat:write"})

    def _usual(self, method: str, arguments: dict[str, Any]) -> dict[str, Any]:
        self.ts += 1
        if method == "auth.test":
            return {
                "ok": True,
                "team_id": "T0ACME",
                "enterprise_id": "E0ACME",
                "user_id": "U0BOT",
                "bot_id": "B0BOT",
                "url": "https://acme.slack.com/",
            }
        if method == "users.info":
            person = PEOPLE.get(arguments["user"])
            return {"ok": True, "user": {"id": arguments["user"], **person}} if person else refused("user_not_found")
        if method == "conversations.info":
            channel = CHANNELS.get(arguments["channel"])
            return (
                {"ok": True, "channel": {"id": arguments["channel"], **channel}}
                if channel
                else refused("channel_not_found")
            )
        if method == "usergroups.users.list":
            return {"ok": True, "users": ["U0ANA"]}
        if method == "views.open":
            return {"ok": True, "view": {"id": "V1"}}
        if method == "chat.getPermalink":
            return {"ok": True, "permalink": "https://acme.slack.com/archives/C0DBOPS/p1"}
        if method == "files.getUploadURLExternal":
            return {"ok": True, "upload_url": f"{self.origin}/upload", "file_id": "F1"}
        return {"ok": True, "ts": f"1793500000.{self.ts:06}", "channel": arguments.get("channel")}


def refused(code: str) -> dict[str, Any]:
    """Return an answer of Slack with an error code."""
    return {"ok": False, "error": code}


def limited(seconds: str = "0") -> web.Response:
    """Return a 429 that says how many seconds to wait."""
    body = json.dumps(refused("ratelimited")).encode()
    return web.Response(status=429, body=body, headers={"Retry-After": seconds, "Content-Type": "application/json"})


def gone(word: str) -> web.Response:
    """Return the answer of a `response_url` that no longer works. `word` is Slack's error code."""
    return web.Response(status=404, body=word.encode(), headers={"Content-Type": "text/plain"})
