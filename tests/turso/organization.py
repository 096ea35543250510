"""An in-memory organization that responds like the Platform API of 2023 or of today, and stores changes."""

import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

SAMPLES = Path(__file__).parent / "samples"
TOKEN = "platform-token-of-acme"
USAGE = {"rows_read": 1204, "rows_written": 37, "storage_bytes": 40960, "bytes_synced": 0}


def refuse(status: int, error: Any, **more: Any) -> httpx.Response:
    return httpx.Response(status, json={"error": error, **more})


@dataclass
class Organization:
    """The organization `acme`. It first answers with `next_answers`, in order. `requests` has all requests so far."""

    generation: str = "now"
    databases: dict[str, dict[str, Any]] = field(default_factory=dict)
    instances: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    configurations: dict[str, dict[str, Any]] = field(default_factory=dict)
    groups: dict[str, dict[str, Any]] = field(default_factory=dict)
    overages: bool = False
    rotated: list[str] = field(default_factory=list)
    used: dict[str, dict[str, int | None]] = field(default_factory=dict)
    """Usage of databases that differs from `USAGE`. A value is None if Turso doesn't report it."""
    quotas: dict[str, int | None] = field(default_factory=lambda: {"rowsRead": 2000, "rowsWritten": 100})
    requests: list[httpx.Request] = field(default_factory=list)
    next_answers: list[httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]] = field(
        default_factory=list
    )
    instead: Callable[[httpx.Request], httpx.Response | None] = lambda request: None
    """Returns a response in place of the organization's own, or None to let it respond as usual."""

    def answer_instead(self, bodies: Mapping[str, Any]) -> None:
        """Answer each request whose path ends with a key of `bodies` with that body."""

        def answer(request: httpx.Request) -> httpx.Response | None:
            found = next((body for end, body in bodies.items() if request.url.path.endswith(end)), None)
            return None if found is None else httpx.Response(200, json=found)

        self.instead = answer

    def log(self) -> list[str]:
        """Return `METHOD path` of every request, in order."""
        return [f"{request.method} {request.url.path}" for request in self.requests]

    def add(self, name: str, **more: Any) -> dict[str, Any]:
        """Add a database directly, without a request to the API."""
        now: dict[str, Any] = {
            "group": "default",
            "primaryRegion": "aws-us-east-1",
            "regions": ["aws-us-east-1"],
            "parent": None,
        }
        now |= {"block_reads": False, "block_writes": False, "delete_protection": False}
        database: dict[str, Any] = {
            "Name": name,
            "DbId": str(uuid.uuid4()),
            "Hostname": f"{name}-acme.aws-us-east-1.turso.io",
        }
        database |= {"IssuedCertLimit": 10, "IssuedCertCount": 1} if self.generation == "2023" else now
        database |= {"type": "logical"} | more
        self.databases[name] = database
        self.configurations[name] = {"size_limit": "268435456", "block_reads": False, "block_writes": False}
        self.instances[name] = [] if self.generation == "2023" else [_instance("aws-us-east-1")]
        return database

    def handle(self, request: httpx.Request) -> httpx.Response:
        """Answer a request: with the next of `next_answers`, or else as the Platform API would."""
        self.requests.append(request)
        if self.next_answers:
            answer = self.next_answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer(request) if callable(answer) else answer
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return refuse(401, "token contains an invalid number of segments")
        if (instead := self.instead(request)) is not None:
            return instead
        return self._route(request.method, request.url.path.removeprefix("/v1/").split("/"), request)

    def usage(self) -> dict[str, Any]:
        """Return the organization's usage in Turso's format."""
        shares = [
            {"uuid": one["DbId"], "instances": [], "usage": self._use_of(name), "total": self._use_of(name)}
            for name, one in self.databases.items()
        ]
        totals = USAGE | {"databases": len(shares), "locations": 1, "groups": len(self.groups)}
        return {"organization": {"uuid": "o", "usage": totals, "databases": shares}}

    def _route(self, method: str, path: list[str], request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content or b"{}")
        match method, path:
            case "GET", ["auth", "validate"]:
                return httpx.Response(200, json={"exp": -1})
            case "GET", ["locations"]:
                return httpx.Response(200, json={"locations": {"ams": "Amsterdam", "lhr": "London"}})
            case _, ["organizations", "acme", "databases"]:
                return self._create(body) if method == "POST" else self._list(request.url.params)
            case _, ["organizations", "acme", "databases", name, *rest]:
                if name not in self.databases:
                    return refuse(404, f"could not find database with name {name}: record not found")
                return self._one(method, name, rest, body)
            case "GET", ["organizations", "acme", "groups"] if self.generation == "now":
                return httpx.Response(200, json={"groups": list(self.groups.values())})
            case "POST", ["organizations", "acme", "groups", group, "unarchive"] if group in self.groups:
                self.groups[group]["archived"] = False
                for database in self.databases.values():
                    database |= {"archived": False, "sleeping": False} if database.get("group") == group else {}
                return httpx.Response(200, json={"group": self.groups[group]})
            case _, ["organizations", "acme", "groups", group, *_] if group not in self.groups:
                return refuse(404, "group not found")
            case "GET", ["organizations", "acme", "groups", group]:
                found = self.groups.get(group)
                return httpx.Response(200, json={"group": found}) if found else refuse(404, "group not found")
            case "GET" | "PATCH", ["organizations", "acme"]:
                self.overages = body.get("overages", self.overages)
                return httpx.Response(200, json={"organization": {"name": "acme", "overages": self.overages}})
            case "GET", ["organizations", "acme", "usage"]:
                return httpx.Response(200, json=self.usage())
            case "GET", ["organizations", "acme", "subscription"]:
                return httpx.Response(200, json={"subscription": {"name": "scaler", "plan": "scaler"}})
            case "GET", ["organizations", "acme", "plans"]:
                return httpx.Response(200, json={"plans": [{"name": "scaler", "quotas": self.quotas}]})
            case _, ["organizations", name, *_] if name != "acme":
                return refuse(404, "organization not found")
        return refuse(404, "route not found")

    def _list(self, params: httpx.QueryParams) -> httpx.Response:
        found = [one for one in self.databases.values() if params.get("group") in (None, one.get("group"))]
        if "parent" in params:
            found = [one for one in found if (one.get("parent") or {}).get("id") == params["parent"]]
        if self.generation == "2023":
            return httpx.Response(200, json={"databases": found})
        start, limit = int(params.get("cursor", "0")), int(params.get("limit", "100"))
        following = str(start + limit) if start + limit < len(found) else None
        page = {"databases": found[start : start + limit], "pagination": {"next": following}}
        return httpx.Response(200, json=page)

    def _create(self, body: dict[str, Any]) -> httpx.Response:
        name = body["name"]
        if name in self.databases:
            return refuse(409, f"database with name {name} already exists")
        if self.generation == "2023":
            made = self.add(name)
            return httpx.Response(200, json={"database": made, "username": "u", "password": "p"})
        if body.get("group") not in self.groups:
            return refuse(400, "group not found")
        seed = body.get("seed")
        if seed and seed["name"] not in self.databases:
            return refuse(400, f"could not find database with name {seed['name']}: record not found")
        made = self.add(name, group=body["group"])
        if seed:
            parent = self.databases[seed["name"]]["DbId"]
            made["parent"] = {"id": parent, "name": seed["name"], "branched_at": seed.get("timestamp")}
        return httpx.Response(200, json={"database": {key: made[key] for key in ("DbId", "Hostname", "Name")}})

    def _one(self, method: str, name: str, rest: list[str], body: dict[str, Any]) -> httpx.Response:
        database = self.databases[name]
        match method, rest:
            case "GET", []:
                return httpx.Response(200, json={"database": database})
            case "DELETE", []:
                if self._protected(database):
                    return refuse(403, "this is not possible")
                del self.databases[name]
                return httpx.Response(200, json={"database": name})
            case "POST", ["auth", "tokens"]:
                return httpx.Response(200, json={"jwt": "eyJhbGciOiJFZERTQSJ9.eyJhIjoicm8ifQ.c2lnbmF0dXJl"})
            case "POST", ["auth", "rotate"]:
                self.rotated.append(name)
                return httpx.Response(200)
            case "GET", ["instances"]:
                return httpx.Response(200, json={"instances": self.instances[name]})
            case "POST", ["instances"]:
                self.instances[name].append(_instance(body["location"]))
                database["primaryRegion"] = body["location"]
                return httpx.Response(200, json={"instance": self.instances[name][-1], "username": "", "password": ""})
            case "GET", ["configuration"]:
                return httpx.Response(200, json=self.configurations[name])
            case "PATCH", ["configuration"]:
                self.configurations[name] |= body
                return httpx.Response(200, json=self.configurations[name])
            case "GET", ["usage"]:
                return httpx.Response(200, json={"database": {"uuid": database["DbId"], "usage": self._use_of(name)}})
            case "GET", ["stats"]:
                return httpx.Response(200, json={"top_queries": [{"query": "SELECT 1", "rows_read": 1}]})
        return refuse(404, "route not found")

    def _protected(self, database: dict[str, Any]) -> bool:
        group = self.groups.get(database.get("group", ""), {})
        return bool(database.get("delete_protection") or group.get("delete_protection"))

    def _use_of(self, name: str) -> dict[str, int | None]:
        return USAGE | self.used.get(name, {})


def _instance(location: str) -> dict[str, Any]:
    return {"uuid": str(uuid.uuid4()), "name": location, "type": "primary", "region": location, "hostname": "h"}


def answers(acme: Organization, body: Any) -> None:
    """Make the organization answer the next request with a body."""
    acme.next_answers = [httpx.Response(200, json=body)]


def sample(name: str) -> dict[str, Any]:
    """Return the response body in `samples/NAME.json`."""
    found: dict[str, Any] = json.loads((SAMPLES / f"{name}.json").read_text())
    return found
