"""Helpers for rewind drills: a client that writes numbered rows, and a count of what people press."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from bot.sandbox.workspace.model import Message, View
from tests.http import local_client
from tests.security.client import Client, Refused, client_of
from tests.world import World, until

PAUSE_SECONDS = 0.25


@dataclass
class Writer:
    """Writes numbered rows. `rows` has each row's number and the times before and after its commit."""

    client: Client
    rows: list[tuple[int, datetime, datetime]] = field(default_factory=list)
    stopped_by: str = ""
    """The error with which the database refused a row. Empty until then."""

    async def writes(self) -> None:
        """Write rows until the database refuses one."""
        while True:
            number, before = len(self.rows) + 1, datetime.now(UTC)
            try:
                await self.client.run_sql(
                    f"INSERT INTO items (n, created_at) VALUES ({number}, '{before.isoformat()}')"
                )
            except Refused as refused:
                self.stopped_by = str(refused)
                return
            self.rows.append((number, before, datetime.now(UTC)))
            await asyncio.sleep(PAUSE_SECONDS)

    async def moment(self, at_least: int) -> datetime:
        """Wait for a time in whole seconds between two commits, after at least `at_least` rows, and return it."""

        def found() -> datetime | None:
            for (*_, one), (_, other, _) in zip(self.rows[at_least:], self.rows[at_least + 1 :], strict=False):
                second = other.replace(microsecond=0)
                if one < second <= other:
                    return second
            return None

        return await until(found, what="a second between two rows")

    def committed_by(self, at: datetime) -> list[int]:
        """Return the numbers of the rows that were committed by a time."""
        return [number for number, _, committed in self.rows if committed <= at]


async def token_of(world: World, name: str, *, read_only: bool = False) -> str:
    """Create a token at the local Turso directly, as its CLI does."""
    assert world.keys is not None
    headers = {"Authorization": f"Bearer {world.keys.turso_token}"}
    access = "read-only" if read_only else "full-access"
    async with local_client(base_url=world.url, headers=headers) as http:
        answer = await http.post(
            f"/v1/organizations/acme/databases/{name}/auth/tokens", params={"authorization": access, "expiration": "1h"}
        )
        assert answer.status_code == 200, answer.text
        return str(answer.json()["jwt"])


@asynccontextmanager
async def opened(world: World, name: str, *, token: str = "") -> AsyncIterator[Client]:
    """Start a real client of a database. Without `token`, create a token with full access."""
    async with client_of(f"{world.url}/db/{name}/") as client:
        client.token = token or await token_of(world, name)
        yield client


@asynccontextmanager
async def shop(world: World, name: str) -> AsyncIterator[Writer]:
    """Create a database with an empty table for numbered rows and a table of two users, and yield its writer."""
    await world.create_databases(name)
    async with opened(world, name) as client:
        await client.run_sql("CREATE TABLE items (n INTEGER PRIMARY KEY, created_at TEXT)")
        await client.run_sql("CREATE TABLE users (id INTEGER PRIMARY KEY)")
        await client.run_sql("INSERT INTO users VALUES (1), (2)")
        writer = Writer(client)
        yield writer


@dataclass
class Presses:
    """Counts what people press and submit."""

    world: World
    who: set[str] = field(default_factory=set)
    count: int = 0

    async def press(self, person: str, label: str, message: Message) -> None:
        self.count += 1
        self.who.add(person)
        await self.world.person(person).presses(label, message)

    async def submit(self, person: str, values: Mapping[str, Any], view: View) -> None:
        self.count += 1
        self.who.add(person)
        await self.world.person(person).submits(values, view)


def now() -> datetime:
    return datetime.now(UTC)


def whole(at: datetime) -> str:
    """Return a time as people type it, in UTC and whole seconds."""
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"
