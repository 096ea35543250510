"""Waits until the store can be reached, and brings its tables up to date."""

import asyncio
import time
from typing import Final

import structlog

from bot.store.connections.database import StoreUnavailable
from bot.store.connections.server import require_usable
from bot.store.connections.urls import Places
from bot.store.schema.upgrading import require_current, upgrade

log = structlog.get_logger(__name__)

WAIT_SECONDS: Final = 60.0
"""How long a starting process waits for its store. A container may start before its database does."""
PAUSE_SECONDS: Final = 1.0
LOG_EVERY_SECONDS: Final = 5.0


async def prepare_store(places: Places, *, upgrades: bool, within: float = 0.0) -> None:
    """Check the store's server. Upgrade the tables, or require that they are up to date.

    Args:
        within: how many seconds to keep trying while the store can't be reached.
    Raises:
        StoreUnavailable: the store can't be reached. `detail` says why.
        BotError: the store can't be used.
    """
    until, logged_at = time.monotonic() + within, -LOG_EVERY_SECONDS
    while True:
        try:
            await require_usable(places)
            await (upgrade if upgrades else require_current)(places.direct)
            return
        except StoreUnavailable as error:
            left = until - time.monotonic()
            if left <= 0:
                raise
            if time.monotonic() - logged_at >= LOG_EVERY_SECONDS:
                logged_at = time.monotonic()
                log.warning("store.waiting", why=error.cause, seconds_left=round(left))
        await asyncio.sleep(PAUSE_SECONDS)
