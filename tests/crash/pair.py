"""Two processes of the bot on one store, behind a balancer that lets presses arrive at a moment of one's choice."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs

import httpx
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from bot.blocks.forms import unpack_metadata
from bot.core.requests.request import State
from bot.sandbox.running import bound, served
from tests.crash.lane import Bot, Lane, lane
from tests.crash.waiting import patient
from tests.forked import Nursery
from tests.http import local_client

SWEEP_SECONDS = 2


@dataclass
class Balancer:
    """Forwards what Slack sends to one process after the other; what is awaited at a moment waits for it here."""

    http: httpx.AsyncClient
    targets: list[str]
    moments: dict[tuple[str, str], float] = field(default_factory=dict)
    """(user, what the button's value or the form's metadata says) to the time at which it is passed on."""
    _turn: int = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        body = await request.body()
        if moment := self.moments.get(_who_and_what(body)):
            await asyncio.sleep(max(0.0, moment - time.time()))
        self._turn += 1
        target = self.targets[self._turn % len(self.targets)]
        answer = await self.http.post(target, content=body, headers=list(request.headers.items()))
        await Response(answer.content, answer.status_code, media_type=answer.headers.get("content-type"))(
            scope, receive, send
        )


def _who_and_what(body: bytes) -> tuple[str, str]:
    payload: dict[str, Any] = {}
    with contextlib.suppress(ValueError, KeyError):
        payload = json.loads(parse_qs(body.decode())["payload"][0])
    actions = payload.get("actions") or [{}]
    what = actions[0].get("value") or unpack_metadata(payload.get("view", {}).get("private_metadata", ""))[0]
    return str(payload.get("user", {}).get("id")), str(what)


@dataclass
class Pair:
    """A lane with a second process."""

    lane: Lane
    other: Bot
    balancer: Balancer

    async def at_rest(self) -> None:
        """Wait until neither has anything under way."""

        async def look() -> bool | None:
            under_way = await self.lane.store.requests.find(states=[State.APPROVED, State.EXECUTING])
            return (not under_way and await self.lane.idle()) or None

        await patient(look, "both processes to come to rest", within=90)

    def soon(self) -> float:
        """The next moment at which a sweep begins, with time to get ready for it."""
        now = time.time()
        return (int(now) // SWEEP_SECONDS + 1) * SWEEP_SECONDS + (SWEEP_SECONDS if now % SWEEP_SECONDS > 0.8 else 0)

    def due_at(self, moment: float, after: timedelta) -> None:
        """Move every clock so that what is due `after` from now is due at that moment."""
        by = after - timedelta(seconds=moment - time.time())
        self.lane.clock.pass_time(by)
        self.lane.world.turso.clock.offset += by


@asynccontextmanager
async def pair(nursery: Nursery, database_url: str) -> AsyncIterator[Pair]:
    """Run two processes on a new store."""
    async with AsyncExitStack() as stack:
        one = await stack.enter_async_context(lane(nursery, database_url))
        first = one.bot
        other = Bot(
            one.world, one.keys, database_url=one.database_url, policy=first.policy, nursery=nursery,
            log=first.log.with_name("log-2"), extra=first.extra,
        )  # fmt: skip
        await other.start()
        stack.push_async_callback(other.kill)
        http = await stack.enter_async_context(local_client(timeout=30))
        balancer = Balancer(http, [f"http://127.0.0.1:{bot.port}/slack/events" for bot in (first, other)])
        back = stack.enter_context(bound(0))
        await stack.enter_async_context(served(balancer, back))
        one.world.workspace.events_url = f"http://127.0.0.1:{back.getsockname()[1]}/slack/events"
        yield Pair(one, other, balancer)
