"""Runs statements on the seeded databases every few seconds, so that their usage grows."""

import asyncio
import random
from contextlib import suppress

from bot.sandbox.platform.catalog.problems import Missing
from bot.sandbox.platform.hrana.errors import StatementError, StreamExpired, TooManyStreams
from bot.sandbox.platform.hrana.requests import answer_pipeline
from bot.sandbox.platform.hrana.wire import Request, Text
from bot.sandbox.platform.seed.company import DATABASES, Seeded
from bot.sandbox.platform.turso import Turso


async def make_traffic(turso: Turso, *, every_seconds: float = 2.0) -> None:
    """Run a statement on one of the databases about every `every_seconds`, until cancelled."""
    chance = random.Random()
    while True:
        await asyncio.sleep(chance.uniform(0.5, 1.5) * every_seconds)
        with suppress(Missing, StatementError, StreamExpired, TooManyStreams):
            await run_statement(turso, chance.choice(DATABASES), chance)


async def run_statement(turso: Turso, seeded: Seeded, chance: random.Random) -> None:
    """Run a statement, as an application of this database would. It fails silently if the database is blocked.

    Raises:
        Missing: the database was destroyed in the meantime.
        TooManyStreams: clients have opened as many streams as the platform allows.
    """
    target = await turso.target(turso.organization, seeded.name)
    if target.primary is None:
        return
    plane, kind = turso.plane, seeded.kind
    text = chance.choice(kind.reads if chance.random() < 0.7 else kind.writes)
    stream = plane.streams.new(plane.serve(target.database, target.primary))
    stream.begin_request(read_only=False)
    requests = (Request("sequence", text=Text(text, None)), Request("close"))
    try:
        await plane.run(stream, answer_pipeline(stream, requests))
    finally:
        await plane.discard(stream)
