"""A stub of Slack and Turso: one raw ASGI app that counts calls and connections."""

import asyncio
import json
import time
from typing import Any
from urllib.parse import parse_qsl

from bench.signing import APPROVER, CHANNEL, REQUESTER, TEAM

SCOPES = b"commands,chat:write,app_mentions:read,users:read,usergroups:read,channels:read,groups:read,files:write"


class Stub:
    """Responds to calls to the Turso Platform API after `delay` seconds, and to all others at once.

    `/_control` reads and sets the state.
    """

    def __init__(self) -> None:
        self.delay = 0.0
        self.databases = 20
        self.forget()

    def forget(self) -> None:
        """Reset the counters, the messages and `first_turso`. Open connections are no longer counted, only new ones."""
        self.calls: dict[str, int] = {}
        self.connections: set[Any] = set()
        self.known: set[Any] = getattr(self, "known", set())
        self.messages: list[dict[str, Any]] = []
        self.first_turso = 0.0

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Serve one request, or the start and the end of the server."""
        if scope["type"] != "http":
            while (await receive())["type"] != "lifespan.shutdown":
                await send({"type": "lifespan.startup.complete"})
            await send({"type": "lifespan.shutdown.complete"})
            return None
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        path = scope["path"]
        if path == "/_control":
            return await _json(send, self._control(json.loads(body or b"{}")))
        if scope["client"] not in self.known:
            self.known.add(scope["client"])
            self.connections.add(scope["client"])
        if path.startswith("/api/"):
            answer: Any = self._slack(path[5:], body, scope)
        elif path.startswith("/v1/"):
            self.first_turso = self.first_turso or time.time()
            if self.delay:
                await asyncio.sleep(self.delay)
            answer = self._turso(scope["method"], path[4:].split("/"), scope["query_string"])
        else:
            self._count("data plane" if path.endswith("/pipeline") else "response_url")
            answer = {"ok": True}
        return await _json(send, answer)

    def _count(self, name: str) -> None:
        self.calls[name] = self.calls.get(name, 0) + 1

    def _control(self, wanted: dict[str, Any]) -> dict[str, Any]:
        if wanted.pop("forget", False):
            self.forget()
        vars(self).update(wanted)
        return {
            "calls": self.calls,
            "connections": len(self.connections),
            "messages": self.messages,
            "first_turso": self.first_turso,
        }

    def _slack(self, method: str, body: bytes, scope: dict[str, Any]) -> dict[str, Any]:
        self._count(f"slack {method}")
        is_json = dict(scope["headers"]).get(b"content-type", b"").startswith(b"application/json")
        given = json.loads(body or b"{}") if is_json else dict(parse_qsl(body.decode()))
        given |= dict(parse_qsl(scope["query_string"].decode()))
        if method == "auth.test":
            return {
                "ok": True,
                "team_id": TEAM,
                "team": "bench",
                "user_id": "U0BOT",
                "bot_id": "B0BENCH",
                "user": "bot",
            }
        if method == "users.info":
            user = {"id": given.get("user"), "team_id": TEAM, "name": "someone", "deleted": False, "is_bot": False}
            return {"ok": True, "user": user | {"profile": {"display_name": "someone"}}}
        if method == "conversations.info":
            channel = {"id": given.get("channel"), "name": "db-ops", "is_channel": True, "is_member": True}
            return {"ok": True, "channel": channel | {"is_private": False, "is_ext_shared": False}}
        if method == "conversations.members":
            return {"ok": True, "members": [REQUESTER, APPROVER, "U0BOT"]}
        if method == "users.conversations":
            return {"ok": True, "channels": [{"id": CHANNEL, "name": "db-ops"}]}
        if method == "usergroups.users.list":
            return {"ok": True, "users": ["U0DBA"]}
        ts = f"{time.time():.6f}"
        if method.startswith("chat.post"):
            self.messages = [*self.messages[-20:], given | {"ts": ts}]
        return {"ok": True, "ts": ts, "channel": given.get("channel", "C0"), "view": {"id": "V0"}}

    def _turso(self, method: str, path: list[str], query: bytes) -> Any:
        rest = path[2:] if path[0] == "organizations" else path
        self._count(f"turso {method} {'/'.join(rest[:1] + rest[2:])}")
        match method, rest:
            case "GET", ["databases"]:
                params = dict(parse_qsl(query.decode()))
                start, limit = int(params.get("cursor", 0)), int(params.get("limit", 100))
                page = [_database(number) for number in range(start, min(start + limit, self.databases))]
                following = str(start + limit) if start + limit < self.databases else None
                return {"databases": page, "pagination": {"next": following}}
            case "GET", ["databases", name]:
                return {"database": _database(int(name.rpartition("-")[2]))}
            case _, ["databases", name, "configuration"]:
                return {"block_reads": False, "block_writes": False, "delete_protection": False}
            case "GET", ["databases", name, "instances"]:
                return {"instances": [{"uuid": "i", "name": "aws-us-east-1", "type": "primary"}]}
            case "GET", ["databases", name, "usage"]:
                return {"database": {"uuid": "u", "usage": _usage(1), "instances": []}}
            case "GET", ["usage"]:
                shares = [{"uuid": _database(n)["DbId"], "usage": _usage(n), "total": _usage(n), "instances": []}
                          for n in range(self.databases)]  # fmt: skip
                return {"organization": {"uuid": "o", "usage": _usage(9) | {"databases": 1}, "databases": shares}}
            case "GET", ["groups"]:
                return {"groups": [_group()]}
            case "GET", ["groups", _]:
                return {"group": _group()}
            case "GET", ["auth", "validate"] | ["validate"]:
                return {"exp": -1}
            case "DELETE", ["databases", name]:
                return {"database": name}
        return {}


def _database(number: int) -> dict[str, Any]:
    name = f"orders-{number}"
    return {
        "Name": name, "DbId": f"0193c0de-7a11-7c3e-9d55-{number:012x}",
        "Hostname": f"{name}-bench.aws-us-east-1.turso.io", "group": "default", "primaryRegion": "aws-us-east-1",
        "regions": ["aws-us-east-1"], "block_reads": False, "block_writes": False, "delete_protection": False,
        "parent": None, "type": "logical",
    }  # fmt: skip


def _usage(number: int) -> dict[str, int]:
    return {"rows_read": 1204 * number, "rows_written": 37, "storage_bytes": 40960, "bytes_synced": 0}


def _group() -> dict[str, Any]:
    return {"name": "default", "uuid": "g", "locations": ["aws-us-east-1"], "primary": "aws-us-east-1"}


async def _json(send: Any, answer: Any) -> None:
    body = json.dumps(answer).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"x-oauth-scopes", SCOPES),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def make() -> Stub:
    """Return a new stub, for `uvicorn --factory`."""
    return Stub()
