"""`worker` and `socket` have pages for health and metrics at the port that `--health-port` gives."""

import asyncio
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.http import local_client
from tests.process import Process, free_port, local_servers
from tests.world import ANA, DANA, until

PAGES = ("/healthz", "/readyz", "/metrics")


async def get(port: int, path: str) -> httpx.Response | None:
    """Return the response of a local server, or None if it can't be reached."""
    async with local_client(base_url=f"http://127.0.0.1:{port}") as http:
        try:
            return await http.get(path)
        except httpx.HTTPError:
            return None


async def ready(process: Process, port: int) -> None:
    """Wait until a process's `/readyz` responds with 200."""
    for _ in range(600):
        answer = await get(port, "/readyz")
        if answer is not None and answer.status_code == 200:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(process.log.read_text()[-4000:])


async def statuses(port: int) -> dict[str, int | None]:
    """Return the status of each page's response."""
    answers = {page: await get(port, page) for page in PAGES}
    return {page: answer.status_code if answer is not None else None for page, answer in answers.items()}


async def down(port: int, upstream: str, why: str) -> dict[str, Any]:
    """Wait until `/readyz` lists an upstream as down with the reason `why`, and return the page."""
    for _ in range(200):
        answer = await get(port, "/readyz")
        body = answer.json() if answer is not None else {"down": []}
        if upstream in body["down"] and why in body[upstream]:
            return dict(body)
        await asyncio.sleep(0.2)
    raise AssertionError(f"{upstream} isn't down")


async def test_the_work_of_a_worker_is_counted_in_its_metrics(tmp_path: Path) -> None:
    async with local_servers(tmp_path) as (world, keys):
        port = free_port()
        web = Process(world, keys, arguments=("--no-durable",))
        worker = Process(world, keys, command="worker", arguments=("--health-port", str(port)))
        await web.start()
        await worker.start()
        try:
            await ready(worker, port)
            await world.create_databases("counted")
            card = await world.person(DANA).types("/turso freeze counted --reason x", holding="counted")
            await world.person(ANA).presses("Approve", card)
            await world.wait_for_content(card, holding="are blocked")

            assert await statuses(port) == dict.fromkeys(PAGES, 200)
            text = (await get(port, "/metrics")).text  # type: ignore[union-attr]
            assert re.search(r'^turso_ops_requests_total\{state="succeeded"\} 1\.0$', text, re.MULTILINE)
            assert re.search(r'^turso_ops_build_info\{python="3\.[^"]+",version="[^"]+"\} 1\.0$', text, re.MULTILINE)
            assert "process_resident_memory_bytes" in text
            assert (await get(port, "/slack/events")).status_code == 404  # type: ignore[union-attr]
            assert f'"health": "0.0.0.0:{port}"' in worker.log.read_text()
        finally:
            assert await worker.stop() == 0
            await web.stop()


async def test_a_bot_in_socket_mode_has_the_pages_and_they_say_that_its_token_is_refused(tmp_path: Path) -> None:
    async with local_servers(tmp_path) as (world, keys):
        port = free_port()
        bot = Process(world, keys, command="socket", arguments=("--health-port", str(port)))
        await bot.start()
        try:
            await ready(bot, port)
            await until(lambda: world.workspace.sockets.connections, what="the bot's connection")
            assert await statuses(port) == dict.fromkeys(PAGES, 200)
            assert b"turso_ops_ack_seconds" in (await get(port, "/metrics")).content  # type: ignore[union-attr]

            world.workspace.state.tokens.refuse("app", "token_revoked")
            await world.workspace.sockets.disconnect("link_disabled")

            body = await down(port, "socket mode", "Slack doesn't accept SLACK_APP_TOKEN (token_revoked).")
            assert body["ready"] is True, "the process still does durable work"
        finally:
            assert await bot.stop() == 0


@pytest.mark.parametrize("command", ["worker", "socket"])
async def test_the_error_names_a_port_that_is_taken(tmp_path: Path, command: str) -> None:
    async with local_servers(tmp_path) as (world, keys):
        taken = world.url.rpartition(":")[2]
        bot = Process(world, keys, command=command, arguments=("--health-port", taken))
        await bot.start()

        assert await bot.ended() == 2
        assert f"HOST and --health-port: can't listen on 0.0.0.0:{taken}" in bot.log.read_text()
