"""Checks that Turso accepts the API token of each organization that the policy uses."""

import asyncio
from collections.abc import Collection
from datetime import datetime
from functools import partial
from typing import Final

from bot.app.checks import PATIENCE_SECONDS, Unhealthy, run_check
from bot.pipeline.environment import TursoClients
from bot.turso import TursoClient, TursoRejected
from bot.turso.errors import TursoUnauthorized

EACH_WITHIN: Final = PATIENCE_SECONDS - 1
"""How many seconds one of several organizations has. The whole check can then still name those that did not respond."""


async def check_tokens(clients: TursoClients, organizations: Collection[str], now: datetime) -> str:
    """Return a sentence for `doctor`. For several organizations, Turso is called once for each, in parallel.

    Raises:
        Unhealthy: the only token has expired, or the check of one of several organizations failed. The sentence names
            each of these.
        BotError: the only organization has no usable token, or Turso doesn't respond.
    """
    if len(organizations) == 1:
        (only,) = organizations
        return await _validate(clients.turso(only), now)
    each = [run_check(one, partial(_read, clients, one), within=EACH_WITHIN) for one in sorted(organizations)]
    found = await asyncio.gather(*each)
    if failed := [f"`{name}`: {sentence}" for name, passed, sentence in found if not passed]:
        raise Unhealthy(" ".join(failed))
    return f"Turso accepts the API tokens of {', '.join(f'`{name}`' for name, _, _ in found)}."


async def _validate(turso: TursoClient, now: datetime) -> str:
    """Return a sentence about a token. One limited to a group can't be validated, so it is enough that it can read."""
    try:
        expires = await turso.validate()
    except TursoUnauthorized:
        raise
    except TursoRejected:
        await _read_page(turso)
        return "Turso accepts the API token."
    if expires is not None and expires <= now:
        raise Unhealthy("The Turso API token has expired.")
    until = f"valid until {expires:%Y-%m-%d}" if expires else "it never expires"
    return f"Turso accepts the API token ({until})."


async def _read(clients: TursoClients, organization: str) -> str:
    """List databases, because a valid token may belong to another organization. Returns an empty sentence."""
    await _read_page(clients.turso(organization))
    return ""


async def _read_page(turso: TursoClient) -> None:
    async for _ in turso.pages(limit=100):
        break
