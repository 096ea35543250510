"""Probe tokens. They are minted and tested before a rotation, and tried afterwards for a while, or until refused."""

import asyncio
from typing import Final

from bot.commands.base import ChangeContext, Probe
from bot.core.requests.plan import Plan
from bot.core.requests.proof import Finding, OldTokens
from bot.turso import Database, TursoError
from bot.turso.data_plane import TokenAnswer

EXPIRATION: Final = "2h"
"""Longer than the time for which a rotation is verified, because an expired token proves nothing."""
PATIENCE_SECONDS: Final = 8
PAUSES: Final = (0.0, 0.5, 1.0)
"""Pauses in seconds before each test of a new token, because a sleeping database may take a moment to respond."""


async def mint_probes(ctx: ChangeContext, plan: Plan) -> list[tuple[Finding, Probe | None]]:
    """Mint a read-only token for the target and, if the plan affects others, for the first of them by name.

    If a token can't be minted or doesn't work, the rotation continues without it. The finding says why.
    """
    members = [(one.name, id_) for one, id_ in zip(plan.databases, plan.ends_tokens_of, strict=False)]
    return await asyncio.gather(*(_probe(ctx, name, id_) for name, id_ in members[:1] + sorted(members[1:])[:1]))


async def _probe(ctx: ChangeContext, name: str, id_: str) -> tuple[Finding, Probe | None]:
    why, probe = "", None
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            database = await ctx.turso.database(name)
            why, probe = "the name now belongs to a different database", None
            if database.id == id_:
                why, probe = await _minted(ctx, database)
    except TursoError as error:
        why = f"I couldn't create a test token ({str(error).rstrip('.')})"
    except TimeoutError:
        why = "I couldn't create a test token in time"
    return Finding(name, id_, OldTokens.WATCHED if probe else OldTokens.UNKNOWN, why=why), probe


async def _minted(ctx: ChangeContext, database: Database) -> tuple[str, Probe | None]:
    if not ctx.turso.takes_tokens(database):
        return "Turso didn't return a valid address, so I couldn't connect", None
    minted = await ctx.turso.mint_token(database.name, expiration=EXPIRATION, read_only=True)
    for pause in PAUSES:
        await asyncio.sleep(pause)
        if await ctx.turso.try_token(database, minted.token) is TokenAnswer.WORKS:
            return "", Probe(database, minted.token)
    return "my test token didn't work before the rotation either", None
