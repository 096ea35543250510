"""Two processes of the bot on one store, behind a load balancer that delivers presses at a chosen time."""

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
from tests.crash.harness import Bot, Harness, harness
from tests.crash.waiting import poll_until
from tests.forked import ForkServer
from tests.http import local_client

SWEEP_SECONDS = 2
"""A sweep for due timers begins at each Unix time that is a multiple of this."""


@dataclass
class Balancer:
    """Forwards Slack's requests to the processes in turn. It delays those that have an entry in `moments`."""

    http: httpx.AsyncClient
    targets: list[str]
    moments: dict[tuple[str, str], float] = field(default_factory=dict)
    """When a press or form is forwarded, as Unix time, by its user and the ID in the button's value or form's metadata.

    This is the ID of a request, or of a branch.
    """
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
    """A test harness with a second process of the bot."""

    harness: Harness
    other: Bot
    balancer: Balancer

    async def wait_until_idle(self) -> None:
        """Wait until both processes are idle."""

        async def look() -> bool | None:
            under_way = await self.harness.store.requests.find(states=[State.APPROVED, State.EXECUTING])
            return (not under_way and await self.harness.idle()) or None

        await poll_until(look, "both processes to be idle", within=90)

    def next_sweep(self) -> float:
        """Return the time of the next sweep that is at least 1.2 seconds away, so that a race can be prepared."""
        now = time.time()
        return (int(now) // SWEEP_SECONDS + 1) * SWEEP_SECONDS + (SWEEP_SECONDS if now % SWEEP_SECONDS > 0.8 else 0)

    def make_due_at(self, moment: float, after: timedelta) -> None:
        """Move every clock so that a timer that is due `after` from now is due at `moment`."""
        by = after - timedelta(seconds=moment - time.time())
        self.harness.clock.pass_time(by)
        self.harness.world.turso.clock.offset += by


@asynccontextmanager
async def pair(fork_server: ForkServer, database_url: str) -> AsyncIterator[Pair]:
    """Run a test harness with two processes on a new store."""
    async with AsyncExitStack() as stack:
        one = await stack.enter_async_context(harness(fork_server, database_url))
        first = one.bot
        other = Bot(
            one.world, one.keys, database_url=one.database_url, policy=first.policy, fork_server=fork_server,
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
