"""Measures the CPU time per request and the requests per second at saturation, in alternating rounds."""

import statistics
from collections.abc import Iterator

from bench import signing
from bench.load import Sample, saturate
from bench.systems import Fleet

ROUNDS = 3
WIDTH = 128  # enough so that Bolt's polling for the acknowledgement doesn't leave the core idle


async def cost(fleet: Fleet, name: str, requests: Iterator[bytes], count: int) -> tuple[float, float, Sample]:
    """Return CPU seconds per request, requests per second, and the responses.

    Work after the acknowledgement is included.
    """
    with fleet.awake(name) as server:
        await saturate(server.port, requests, count=200, width=WIDTH)
        await server.settle()
        before = server.cpu_seconds()
        sample = await saturate(server.port, requests, count=count, width=WIDTH)
        await server.settle()
        spent = server.cpu_seconds() - before
    return spent / count, count / max(sample.seconds, spent), sample


async def interleaved(
    fleet: Fleet, plan: dict[str, tuple[Iterator[bytes], int]], *, status: int = 200, rounds: int = ROUNDS
) -> dict[str, tuple[float, float]]:
    """Return the median results of `cost` for each system in `plan`, measured in alternating rounds."""
    seen: dict[str, list[tuple[float, float]]] = {name: [] for name in plan}
    for name in plan:
        await fleet.start(name)
    for _ in range(rounds):
        for name, (requests, count) in plan.items():
            spent, rate, sample = await cost(fleet, name, requests, count)
            if set(sample.statuses) != {status}:
                raise AssertionError(f"{name} answered {sample.statuses} where {status} was due")
            seen[name].append((spent, rate))
    return {
        name: (statistics.median(spent for spent, _ in rows), statistics.median(rate for _, rate in rows))
        for name, rows in seen.items()
    }


async def commands(fleet: Fleet) -> dict[str, float]:
    """Measure budgets 1 and 2: CPU of a read command whose reply isn't delivered, compared with baselines.

    These are B (bare Bolt) and D (sync Bolt in Flask). Floor A and the delivering bot are measured for reference.
    """

    def asked(text: str = "db list") -> Iterator[bytes]:
        return signing.commands(text, respond_to=fleet.stubs.url)

    found = await interleaved(
        fleet,
        {
            "A": (asked(), 6000),
            "B": (asked(), 5000),
            "D": (asked(), 800),
            "bot, no delivery": (asked(), 4000),
            "bot": (asked(), 600),
        },
    )
    spent, bare, usual = (found[name][0] for name in ("bot, no delivery", "B", "D"))
    return {
        "1": spent / bare,
        "2": spent / usual,
        "1.with answer": found["bot"][0] / bare,
        **{f"cpu.{name}": 1000 * value for name, (value, _) in found.items()},
        **{f"rate.{name}": value for name, (_, value) in found.items()},
    }


async def messages(fleet: Fleet) -> dict[str, float]:
    """Measure budget 6: an acknowledgement and two messages."""

    def asked() -> Iterator[bytes]:
        return signing.commands("db list", respond_to=fleet.stubs.url)

    found = await interleaved(fleet, {"B, two messages": (asked(), 600), "bot, two messages": (asked(), 1000)})
    return {"6": found["bot, two messages"][0] / found["B, two messages"][0]}


async def refusals(fleet: Fleet) -> dict[str, float]:
    """Measure budgets 8 and 9: the cost of a request that Slack didn't send."""
    honest = signing.commands("db list", respond_to=fleet.stubs.url)
    forged = signing.commands("db list", respond_to=fleet.stubs.url, secret="another")
    bare = (await interleaved(fleet, {"B": (honest, 4000)}))["B"][0]
    # Enough that the process's background work, a few per cent of a core, doesn't matter.
    refused = (await interleaved(fleet, {"bot": (forged, 30_000)}, status=401))["bot"][0]
    big = signing.request(b"a=1&" * 2_500_000, secret=None)
    return {"8": refused / bare, "9": await _cpu_of(fleet, "bot", big, 100) / await _cpu_of(fleet, "B", big, 2)}


async def _cpu_of(fleet: Fleet, name: str, request: bytes, count: int) -> float:
    await fleet.start(name)
    with fleet.awake(name) as server:
        await server.settle()
        before = server.cpu_seconds()
        await saturate(server.port, iter([request] * count), count=count, width=1)
        await server.settle()
        return float(server.cpu_seconds() - before) / count
