"""A list of 10,000 databases in this process: the time from bytes to the first page, and the delay of the loop."""

import asyncio
import json
import statistics
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any, cast

import httpx
import orjson
from pydantic import TypeAdapter

from bench.signing import CHANNEL, REQUESTER, TEAM
from bench.stubs import _database
from bench.systems import POLICY
from bot.app.serving import _tune_garbage_collection as tune_garbage_collection
from bot.commands import CATALOGUE
from bot.commands.base import Context
from bot.commands.databases import list as list_command
from bot.core.model import Channel, Person, Subject
from bot.core.policy import load
from bot.turso.client import TursoClient
from bot.turso.models import Database

MANY, PAGE, ROUNDS = 10_000, 1000, 25


def _pages() -> list[bytes]:
    pages = []
    for start in range(0, MANY, PAGE):
        following = str(start + PAGE) if start + PAGE < MANY else None
        page = {"databases": [_database(n) for n in range(start, start + PAGE)], "pagination": {"next": following}}
        pages.append(json.dumps(page).encode())
    return pages


class FromBytes(TursoClient):
    """A client with prepared bodies, so that the measurement doesn't include the network."""

    def __init__(self, http: httpx.AsyncClient, pages: list[bytes]) -> None:
        super().__init__(http, http, "bench")
        self._pages = pages

    async def _get(self, route: str, *, params: Mapping[str, str] | None = None, **subject: str) -> bytes:
        await asyncio.sleep(0)  # yields to the loop, as a real response would
        return self._pages[int((params or {}).get("cursor", 0)) // PAGE]


def _context(turso: TursoClient) -> Context:
    policy = load(POLICY, CATALOGUE)
    subject = Subject(Person(REQUESTER, TEAM), Channel(CHANNEL))
    return Context(
        subject=subject,
        policy=policy,
        scope=policy.scope(subject),
        organization="bench",
        turso=turso,
        store=cast(Any, None),
        now=datetime.now(UTC),
    )


async def lists() -> dict[str, float]:
    """Measure budgets 13 and 14: the time to the first page, and the longest time for which it blocks the loop."""
    pages = _pages()
    tune_garbage_collection()  # `serve` does this, too

    async with httpx.AsyncClient() as http:
        ctx = _context(FromBytes(http, pages))

        async def first_page() -> None:
            await list_command.run(ctx, list_command.ListArgs())

        async def only_read() -> None:
            for page in pages:
                orjson.loads(page)

        spent, yardstick = await _medians(first_page, only_read)
        whole = b'{"databases":[' + b",".join(page[page.index(b"[") + 1 : page.rindex(b"]")] for page in pages) + b"]}"
        adapter = TypeAdapter(dict[str, list[Database]])

        async def all_at_once() -> None:
            adapter.validate_json(whole)

        delays = await _loop_delay(first_page), await _loop_delay(all_at_once)
    return {
        "13": spent / yardstick,
        "14": delays[0] / delays[1],
        "ms.first page": 1000 * spent,
        "ms.loop delay": 1000 * delays[0],
        "ms.loop delay at once": 1000 * delays[1],
    }


async def _medians(*works: Callable[[], Awaitable[None]]) -> list[float]:
    seen: list[list[float]] = [[] for _ in works]
    for _ in range(ROUNDS):
        for work, times in zip(works, seen, strict=True):
            began = time.process_time()
            await work()
            times.append(time.process_time() - began)
    return [statistics.median(times) for times in seen]


async def _loop_delay(work: Callable[[], Awaitable[None]]) -> float:
    """Return the median of the longest delays of other tasks while `work` runs every 100 ms.

    It uses the CPU time between two turns of the loop, which other processes don't affect.
    """
    waits: list[float] = []

    async def watch() -> None:
        while True:
            began = time.thread_time()
            await asyncio.sleep(0.001)
            waits.append(time.thread_time() - began)

    watching = asyncio.create_task(watch())
    worst = []
    for _ in range(20):
        waits.clear()
        await asyncio.gather(work(), asyncio.sleep(0.1))
        worst.append(max(waits))
    watching.cancel()
    return statistics.median(worst)
