"""Memory after many commands, the time to the first answer, and the store after the bot was killed."""

import asyncio
import contextlib
import sqlite3
import statistics
from collections.abc import Iterator

from bench import signing
from bench.load import Pool, Sample, saturate
from bench.processes import Server
from bench.systems import Fleet


async def memory(fleet: Fleet) -> dict[str, float]:
    """Measure budget 11: the memory after 20,000 commands compared with B's, and its growth after 40,000 more."""
    requests = signing.commands("db list", respond_to=fleet.stubs.url)
    async with fleet.fresh("B") as bare:
        await saturate(bare.port, requests, count=20_000, width=128)
        bare_rss = bare.memory()
    async with fleet.fresh("bot, no delivery") as bot:
        await _in_portions(bot.port, requests, 20_000)
        await bot.settle()
        after_20 = bot.memory()
        await _in_portions(bot.port, requests, 40_000)
        await bot.settle()
        after_60 = bot.memory()
    return {
        "11.rss": after_20 / bare_rss,
        "11.growth": 100 * (after_60 - after_20) / after_20,
        "mib.bare": bare_rss / 2**20,
        "mib.bot": after_20 / 2**20,
    }


async def _in_portions(port: int, requests: Iterator[bytes], count: int) -> None:
    """Send many requests with at most 64 in flight, so that work after the acknowledgements doesn't pile up."""
    for _ in range(count // 1000):
        await saturate(port, requests, count=1000, width=64)


async def start(fleet: Fleet) -> dict[str, float]:
    """Measure budget 12: from the start of the process to the first answered command."""
    async with fleet.fresh("bot"):  # creates the tables, which isn't measured
        pass
    seconds: dict[str, list[float]] = {"B": [], "bot": []}
    for _ in range(3):
        for name, seen in seconds.items():
            async with fleet.fresh(name) as server:
                seen.append(server.started_in)
    bare, bot = (statistics.median(seen) for seen in seconds.values())
    return {"12": bot / bare, "s.start.bare": bare, "s.start.bot": bot}


async def kill(fleet: Fleet) -> dict[str, float]:
    """Kill the bot during changes. Return how many it acknowledged, and how many of those the store lacks."""
    asked: dict[str, int] = {}
    async with fleet.fresh("bot, to be killed") as bot:
        sample = await _killed_midway(fleet, bot, asked)
    with contextlib.closing(sqlite3.connect(fleet.folder / "killed.db")) as store:
        kept = {row[0] for row in store.execute("SELECT text FROM intents")}
    lost = [text for text, status in asked.items() if status == 200 and text not in kept]
    return {"lost": len(lost), "acknowledged": sample.statuses.get(200, 0)}


async def _killed_midway(fleet: Fleet, bot: Server, asked: dict[str, int]) -> Sample:
    sample, pool = Sample(), Pool(bot.port)

    async def send_every_16th(first: int) -> None:
        for number in range(first, 100_000, 16):
            text = f"db destroy orders-{number % 1000} --now --reason cut-{number}"
            status = 0
            with contextlib.suppress(OSError):
                status = await pool.ask(signing.request(signing.command(text, respond_to=fleet.stubs.url)))
            asked[text] = status
            sample.note(status, 0)
            if status != 200:
                return

    senders = [asyncio.create_task(send_every_16th(first)) for first in range(16)]
    await asyncio.sleep(2)
    bot.kill()
    await asyncio.gather(*senders)
    pool.close()
    return sample
