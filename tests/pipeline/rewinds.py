"""Helpers for tests of rewinds: make a copy, switch to it, and list the copies."""

from bot.core.requests.request import Request, State
from tests.pipeline.in_memory import Pipeline

BLOCK, ROTATE = "PATCH /databases/orders/configuration", "POST /databases/orders/auth/rotate"


async def rewound(here: Pipeline) -> Request:
    """Make a copy of `orders`, and return the request that made it."""
    request = await here.approved("db rewind orders --to 08:30")
    assert await here.execute(request) is State.SUCCEEDED, (await here.now(request)).outcome
    here.of.sent.clear()
    return await here.now(request)


async def switched(here: Pipeline) -> Request:
    await rewound(here)
    request = await here.approved("rewind switch orders")
    assert await here.execute(request) is State.QUARANTINED, (await here.now(request)).outcome
    return await here.now(request)


def copies(here: Pipeline) -> list[str]:
    """Return the names of the copies that exist."""
    return [name for name in here.turso.databases if name.startswith("orders-rewind-1124-0830-")]


def is_blocked(here: Pipeline) -> bool:
    kept = here.turso.configurations["orders"]
    return bool(kept["block_reads"] and kept["block_writes"])
