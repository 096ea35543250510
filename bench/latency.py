"""The latency of the acknowledgement at a steady rate, compared with bare Bolt (B)."""

import itertools
import statistics
from collections.abc import Iterator

from bench import signing
from bench.load import Sample, pace
from bench.systems import Fleet

ROUNDS = 3


async def compare_with_bare(
    fleet: Fleet, requests: Iterator[bytes], *, rate: float, seconds: float, rounds: int = ROUNDS
) -> tuple[dict[str, float], list[Sample]]:
    """Return the figures and the bot's samples.

    The figures are p50 and p99: the bot's as ratios to B's, and those of both in milliseconds. The p50 and p99 of
    each system are medians of the rounds.
    """
    bare_requests = signing.commands("help", respond_to=fleet.stubs.url)
    rows: dict[str, list[Sample]] = {"B": [], "bot": []}
    for name in rows:
        await fleet.start(name)
    for _ in range(rounds):
        for name, mine in (("B", bare_requests), ("bot", requests)):
            with fleet.awake(name) as server:
                await pace(server.port, mine, rate=rate, seconds=0.5)
                rows[name].append(await pace(server.port, mine, rate=rate, seconds=seconds))
                await server.settle()
    if any(set(sample.statuses) != {200} for sample in rows["bot"]):
        raise AssertionError(f"the bot answered {[sample.statuses for sample in rows['bot']]}")

    def middle(name: str, share: float) -> float:
        return statistics.median(sample.percentile(share) for sample in rows[name])

    figures = {f"p{round(share * 100)}": middle("bot", share) / middle("B", share) for share in (0.5, 0.99)}
    absolute = {f"ms.p{round(share * 100)}": 1000 * middle("bot", share) for share in (0.5, 0.99)}
    bare = {f"ms.bare.p{round(share * 100)}": 1000 * middle("B", share) for share in (0.5, 0.99)}
    return figures | absolute | bare, rows["bot"]


async def reading(fleet: Fleet) -> dict[str, float]:
    """Measure budgets 3 and 7: `db list`, 100 times a second, and the new connections that it opens."""
    requests = signing.commands("db list", respond_to=fleet.stubs.url)
    await fleet.start("bot")
    with fleet.awake("bot") as server:
        await pace(server.port, requests, rate=50, seconds=2)
        await server.settle()
    before = await fleet.stubs.set(forget=True)
    found, samples = await compare_with_bare(fleet, requests, rate=100, seconds=4)
    counted = await fleet.stubs.set()
    commands = sum(sample.count for sample in samples) + 50 * len(samples)
    assert before is not None
    return _named("3", found) | {"7": counted["connections"] / commands}


async def changing(fleet: Fleet) -> dict[str, float]:
    """Measure budget 4: a change, 20 times a second. Its intent is committed before the acknowledgement."""
    await fleet.stubs.set(databases=1000)
    found, _ = await compare_with_bare(fleet, _destroys(fleet), rate=20, seconds=4)
    await fleet.stubs.set(databases=20)
    return _named("4", found)


async def slow_turso(fleet: Fleet) -> dict[str, float]:
    """Measure budget 5: acknowledgements don't wait for Turso."""
    await fleet.stubs.set(delay=1.0)
    requests = signing.commands("db list", respond_to=fleet.stubs.url)
    found, samples = await compare_with_bare(fleet, requests, rate=10, seconds=6, rounds=2)
    await fleet.stubs.set(delay=0.0)
    late = sum(latency > 3 for sample in samples for latency in sample.latencies)
    return _named("5", found) | {"5.late": late}


def _destroys(fleet: Fleet) -> Iterator[bytes]:
    for number in itertools.cycle(range(1000)):
        text = f"db destroy orders-{number} --now --reason bench"
        yield signing.request(signing.command(text, respond_to=fleet.stubs.url))


def _named(number: str, found: dict[str, float]) -> dict[str, float]:
    return {f"{number}.{key}": value for key, value in found.items()}
