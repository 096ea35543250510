"""Secrets are rotated while two processes run on one store: no request is lost, and none is carried out twice."""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx

from bot.sandbox.running import Keys
from bot.sandbox.workspace.model import Message
from bot.slack.incoming.signing_secrets import PAUSE_SECONDS
from tests.http import local_client
from tests.process import Process, local_servers
from tests.world import BEN, DANA, DB_OPS, REMY, World, until, words


@dataclass
class Pair:
    """Two processes on one store, of which each may get the next request, as from a load balancer."""

    world: World
    keys: Keys
    processes: list[Process]
    turn: int = 0

    def take_turns(self) -> None:
        """Let the other process get the next requests."""
        self.turn += 1
        chosen = self.processes[self.turn % len(self.processes)]
        self.world.workspace.events_url = f"http://127.0.0.1:{chosen.port}/slack/events"

    def go_to(self, process: Process) -> None:
        self.world.workspace.events_url = f"http://127.0.0.1:{process.port}/slack/events"

    async def asks(self, text: str = "/turso whoami") -> Message:
        """Send a command to the other process, and return its answer."""
        self.take_turns()
        return await self.world.person(DANA).types(text)

    async def restart(self, at: int, **changed: object) -> None:
        """Replace one process as in a rolling restart: the new one is ready before the old one gets a signal."""
        old = self.processes[at]
        new = replace(old, port=0, _running=None, **changed)  # type: ignore[arg-type]
        await new.start(receives=False)
        self.processes[at] = new
        self.go_to(new)
        assert await old.stop() == 0

    def refused(self) -> list[str]:
        """Return the failures of the requests that either process didn't accept."""
        return [str(one.failure) for one in self.world.workspace.deliveries if one.failure]

    async def assert_refused(self, secret: str) -> None:
        """Assert that both processes refuse requests that are signed with a secret, and refused none before."""
        assert self.refused() == []
        self.world.workspace.post.signing_secret = secret
        for _ in self.processes:
            self.take_turns()
            await self.world.workspace.say(DANA, DB_OPS, "/turso whoami")
        assert self.refused() == ["http_error", "http_error"]


@asynccontextmanager
async def pair(data: Path, **extra: str) -> AsyncIterator[Pair]:
    """Run two processes with the environment variables in `extra`, and assert at the end that they stop cleanly."""
    async with local_servers(data) as (world, keys):
        two = [Process(world, keys, extra=extra) for _ in range(2)]
        for process in two:
            await process.start()
        found = Pair(world, keys, two)
        yield found
        for process in found.processes:
            assert await process.stop() == 0


def put(folder: Path, name: str, secret: str) -> None:
    """Replace a secret's file atomically, as Kubernetes does: a reader gets the old content or the new one."""
    (folder / f".{name}").write_text(secret)
    os.replace(folder / f".{name}", folder / name)


async def test_a_signing_secret_in_a_file_is_rotated_without_a_restart(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    folder.mkdir()
    old, new = secrets.token_hex(16), secrets.token_hex(16)
    put(folder, "SLACK_SIGNING_SECRET", old)
    async with pair(tmp_path, SLACK_SIGNING_SECRET="", SECRETS_DIR=str(folder)) as both:
        post = both.world.workspace.post
        post.signing_secret = old
        await both.asks()

        put(folder, "SLACK_SIGNING_SECRET_PREVIOUS", old)
        put(folder, "SLACK_SIGNING_SECRET", new)
        for secret in (new, new, old, old, new, old):
            post.signing_secret = secret
            await both.asks()
        post.signing_secret = new
        (folder / "SLACK_SIGNING_SECRET_PREVIOUS").unlink()
        await both.asks()

        assert both.refused() == []
        await asyncio.sleep(PAUSE_SECONDS)
        await both.assert_refused(old)


async def test_a_signing_secret_is_rotated_by_a_rolling_restart(tmp_path: Path) -> None:
    async with pair(tmp_path) as both:
        old, new = both.keys.signing_secret, secrets.token_hex(16)
        post, changed = both.world.workspace.post, {"keys": replace(both.keys, signing_secret=new)}
        await both.asks()

        for at in range(2):
            await both.restart(at, extra={"SLACK_SIGNING_SECRET_PREVIOUS": old}, **changed)
            for _ in range(2):
                await both.asks()
        for secret in (new, new, old, old):
            post.signing_secret = secret
            await both.asks()
        post.signing_secret = new
        for at in range(2):
            await both.restart(at, extra={}, **changed)
            await both.asks()

        await both.assert_refused(old)


async def test_a_turso_token_is_rotated_by_a_rolling_restart(tmp_path: Path) -> None:
    async with pair(tmp_path) as both:
        second = await create_api_token(both, "second")
        third = await create_api_token(both, "third")
        for at in range(2):
            await both.restart(at, keys=replace(both.keys, turso_token=second))
        card = await wants_a_freeze(both)

        for at in range(2):
            await both.restart(at, keys=replace(both.keys, turso_token=third))
            await both.asks("/turso show orders")
        async with platform(both) as http:
            assert (await http.delete("/v1/auth/api-tokens/second")).status_code == 200
        both.take_turns()
        await both.world.person(BEN).presses("Approve", card)

        await both.world.wait_for_content(card, holding="are blocked")
        assert len(both.world.changes("PATCH", "/configuration")) == 1
        assert both.refused() == []


async def test_a_bot_token_that_slack_replaces_at_once_loses_no_request(tmp_path: Path) -> None:
    async with pair(tmp_path) as both:
        card = await wants_a_freeze(both)
        held = both.world.turso.faults.add("hold_after", method="PATCH")
        await both.world.person(BEN).presses("Approve", card)
        await held.arrived.wait()
        new = f"xoxb-sandbox-{secrets.token_hex(12)}"

        both.world.workspace.state.tokens.replace("bot", new)
        held.released.set()
        for _ in range(2):
            both.take_turns()
            assert "invalid_auth" in words(await both.world.person(REMY).types("/turso db freeze orders --for 1h"))
        for at in range(2):
            await both.restart(at, keys=replace(both.keys, bot_token=new))
            await both.asks()

        await both.world.wait_for_content(card, holding="are blocked")
        assert len(both.world.changes("PATCH", "/configuration")) == 1
        assert both.refused() == []


async def wants_a_freeze(both: Pair) -> Message:
    """Let Dana request a freeze of `orders`, and return the card."""
    both.take_turns()
    await both.world.workspace.say(DANA, DB_OPS, "/turso db freeze orders --for 1h")
    return await until(lambda: both.world.card(holding="orders"), what="the card")


async def create_api_token(both: Pair, name: str) -> str:
    """Create another API token in the local Turso, and return it."""
    async with platform(both) as http:
        return str((await http.post(f"/v1/auth/api-tokens/{name}")).json()["token"])


def platform(both: Pair) -> httpx.AsyncClient:
    """Return a client of the local Turso that uses its first API token."""
    headers = {"Authorization": f"Bearer {both.keys.turso_token}"}
    return local_client(base_url=both.world.url, headers=headers)
