"""Local Tursos for tests: in this process without a socket, or in separate processes."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
from starlette.applications import Starlette

from bot.sandbox.platform.app import create_platform
from bot.sandbox.platform.turso import Turso

ROOT = Path(__file__).parents[3]
API_TOKEN = "api-token"
Json = Any


def stmt(sql: str, *args: Any, **named: Any) -> Json:
    """Return an `execute` request."""
    statement: dict[str, Any] = {"sql": sql}
    if args:
        statement["args"] = [value(arg) for arg in args]
    if named:
        statement["named_args"] = [{"name": name, "value": value(arg)} for name, arg in named.items()]
    return {"type": "execute", "stmt": statement}


def value(given: Any) -> Json:
    """Encode a value as the protocol does."""
    if given is None:
        return {"type": "null"}
    if isinstance(given, int):
        return {"type": "integer", "value": str(given)}
    if isinstance(given, float):
        return {"type": "float", "value": given}
    return {"type": "text", "value": given}


CLOSE = {"type": "close"}

OLDEST_CATALOGUE = """
ALTER TABLE groups DROP COLUMN archived;
ALTER TABLE organizations DROP COLUMN plan;
ALTER TABLE organizations DROP COLUMN quotas;
ALTER TABLE databases DROP COLUMN recorded_since;
ALTER TABLE databases DROP COLUMN encryption_cipher;
DROP TABLE journal;
PRAGMA user_version = 1;
"""
"""SQL that changes the local Turso's catalogue back to its oldest version, 1."""


class Answer:
    """The response to a pipeline, which must be a 200."""

    def __init__(self, response: httpx.Response) -> None:
        assert response.status_code == 200, f"{response.status_code}: {response.text}"
        self.json = response.json()
        self.baton: str | None = self.json["baton"]

    def __getitem__(self, position: int) -> Json:
        """Return the result or the error of the request at a position."""
        entry = self.json["results"][position]
        return entry["response"].get("result", entry["response"]) if entry["type"] == "ok" else entry["error"]

    def code(self, position: int = 0) -> str | None:
        """Return a request's error code, or None if it has no error."""
        entry = self.json["results"][position]
        return entry["error"]["code"] if entry["type"] == "error" else None

    def rows(self, position: int = 0) -> list[list[Any]]:
        """Return the rows with plain values."""
        return [[plain(cell) for cell in row] for row in self[position]["rows"]]


def plain(cell: Json) -> Any:
    """Decode a value of the protocol. A blob stays base64 text."""
    if cell["type"] == "integer":
        return int(cell["value"])
    return cell.get("value", cell.get("base64"))


class Hosted:
    """A local Turso in this process, called without a socket."""

    def __init__(self, data: Path, **options: Any) -> None:
        self.app: Starlette = create_platform(data, api_token=API_TOKEN, **options)
        self.turso: Turso = self.app.state.turso
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app),
            base_url="http://127.0.0.1:4000",
            headers={"authorization": f"Bearer {API_TOKEN}"},
        )

    async def close(self) -> None:
        await self.http.aclose()
        await self.turso.close()

    async def api(self, method: str, path: str = "", status: int = 200, **options: Any) -> Json:
        """Call the control plane for an object in the organization, check the status, and return the JSON."""
        response = await self.http.request(method, f"/v1/organizations/acme{path}", **options)
        assert response.status_code == status, f"{response.status_code}: {response.text}"
        return response.json() if response.content else None

    async def create(self, name: str, **body: Any) -> Json:
        return (await self.api("POST", "/databases", json={"name": name} | body))["database"]

    async def token(self, name: str, **query: str) -> str:
        """Create a token for a database. `query` are the endpoint's options, such as `expiration`."""
        return str((await self.api("POST", f"/databases/{name}/auth/tokens", params=query))["jwt"])

    async def database(self, name: str, **query: str) -> "Client":
        """Create a database unless it exists, and return a client of it. `query` is passed on to `token`."""
        if not any(each["Name"] == name for each in (await self.api("GET", "/databases"))["databases"]):
            await self.create(name)
        return Client(self, name, await self.token(name, **query))

    async def usage(self, name: str) -> Json:
        return (await self.api("GET", f"/databases/{name}/usage"))["database"]["usage"]


class Client:
    """A client that sends requests to one database with one token."""

    def __init__(self, platform: Hosted, name: str, token: str) -> None:
        self.platform, self.name, self.token = platform, name, token

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"}

    async def post(self, path: str = "v3/pipeline", **options: Any) -> httpx.Response:
        options = {"headers": self.headers} | options
        return await self.platform.http.post(f"/db/{self.name}/{path}", **options)

    async def ask(self, *requests: Json, baton: str | None = None, version: str = "v3") -> Answer:
        """Send a pipeline of requests, and return the answer."""
        body = {"baton": baton, "requests": list(requests)}
        return Answer(await self.post(f"{version}/pipeline", json=body))

    async def run(self, sql: str, *args: Any, **named: Any) -> Answer:
        """Run one statement on a new stream."""
        return await self.ask(stmt(sql, *args, **named), CLOSE)


class Process:
    """A local Turso in a separate process."""

    def __init__(self, data: Path, **options: Any) -> None:
        self.data = data
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.sandbox.platform.runner", str(data), json.dumps(options)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().strip()
        assert self.url, "the platform did not start"
        self.http = httpx.Client(
            base_url=self.url, headers={"authorization": f"Bearer {API_TOKEN}"}, trust_env=False, timeout=30
        )

    def api(self, method: str, path: str = "", status: int = 200, **options: Any) -> Json:
        response = self.http.request(method, f"/v1/organizations/acme{path}", **options)
        assert response.status_code == status, f"{response.status_code}: {response.text}"
        return response.json() if response.content else None

    def create(self, name: str) -> str:
        """Create a database, and return its URL for clients."""
        hostname = self.api("POST", "/databases", json={"name": name})["database"]["Hostname"]
        return f"http://{hostname}/"

    def token(self, name: str, **query: str) -> str:
        return str(self.api("POST", f"/databases/{name}/auth/tokens", params=query)["jwt"])

    def usage(self, name: str) -> Json:
        return self.api("GET", f"/databases/{name}/usage")["database"]["usage"]

    def kill(self) -> None:
        """Kill the process with SIGKILL."""
        self._process.kill()
        self._finish()

    def stop(self) -> None:
        self._process.terminate()
        self._finish()

    def _finish(self) -> None:
        self.http.close()
        self._process.wait(20)
        if self._process.stdout is not None:
            self._process.stdout.close()
