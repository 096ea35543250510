"""Runs live checks: functions that return a sentence, or raise an error whose text says what is wrong."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import structlog

from bot.core.concurrency import deadline
from bot.errors import BotError

Finding = tuple[str, bool, str]
"""A check's name, whether it passed, and one sentence."""
Check = Callable[[], Awaitable[str]]
"""Returns a sentence if the check passed. Raises BotError otherwise."""
PATIENCE_SECONDS: Final = 6.0

log = structlog.get_logger(__name__)


class Unhealthy(BotError):
    """Raised by a check that found a problem."""


async def run_checks(checks: Mapping[str, Check]) -> list[Finding]:
    """Run checks in parallel."""
    return list(await asyncio.gather(*(run_check(name, check) for name, check in checks.items())))


async def run_check(name: str, check: Check, *, within: float = PATIENCE_SECONDS) -> Finding:
    """Run one check. It fails after `within` seconds."""
    try:
        return name, True, await deadline.within(within, check())
    except BotError as error:
        return name, False, str(error)
    except TimeoutError:
        return name, False, f"No response within {within:.0f} seconds."
    except Exception as error:  # a bug in one check must not hide the results of the others
        log.exception("a check failed because of a bug", check=name)
        return name, False, f"This check failed because of an error in Turso Ops ({type(error).__name__}). See the log."
