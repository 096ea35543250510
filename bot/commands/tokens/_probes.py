"""Probe tokens. They are minted and tested before a rotation, and tried afterwards until they are refused."""

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
    """Mint a read-only token for the target and, if its group may be affected, for one other database.

    If a token can't be minted or doesn't work, the rotation continues without it. The finding says why.
    """
    members = [(one.name, id_) for one, id_ in zip(plan.databases, plan.ends_tokens_of, strict=False)]
    return await asyncio.gather(*(_probe(ctx, name, id_) for name, id_ in members[:1] + sorted(members[1:])[:1]))


async def _probe(ctx: ChangeContext, name: str, id_: str) -> tuple[Finding, Probe | None]:
    why, probe = "", None
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            database = await ctx.turso.database(name)
            why, probe = (
                await _minted(ctx, database) if database.id == id_ else ("it is a different database now", None)
            )
    except TursoError as error:
        why = f"a probe token couldn't be created ({str(error).rstrip('.')})"
    except TimeoutError:
        why = "a probe token couldn't be created in time"
    return Finding(name, id_, OldTokens.WATCHED if probe else OldTokens.UNKNOWN, why=why), probe


async def _minted(ctx: ChangeContext, database: Database) -> tuple[str, Probe | None]:
    if not ctx.turso.takes_tokens(database):
        return "Turso returned no usable host, so no token was sent", None
    minted = await ctx.turso.mint_token(database.name, expiration=EXPIRATION, read_only=True)
    for pause in PAUSES:
        await asyncio.sleep(pause)
        if await ctx.turso.try_token(database, minted.token) is TokenAnswer.WORKS:
            return "", Probe(database, minted.token)
    return "the probe token didn't work before the rotation either", None
