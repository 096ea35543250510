"""The alarm of a break-glass operation: private messages to the people whom its rule notifies."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import structlog

from bot.blocks import notices
from bot.core.requests.request import Request
from bot.errors import Unavailable
from bot.pipeline.environment import Environment
from bot.pipeline.outcomes.delivery import ALARM, NOBODY, notice_of, notify_privately
from bot.pipeline.outcomes.recipients import notified, require_known

TRIES: Final = 50
CHECK_EVERY: Final = 0.1
MOST_FAILURES: Final = 300
"""How many times to retry, for about a day, while it isn't known who is in a user group or on call."""

log = structlog.get_logger(__name__)


async def raise_alarm(env: Environment, request: Request, *, failures: int = 0) -> None:
    """Notify the people whom the rule of a break-glass operation names, except the requester.

    Its card is posted at the same time.

    Args:
        failures: the number of failed attempts. A group may be gone for good, so after `MOST_FAILURES` the alarm gives
            up and logs an error. `doctor` reports it only if nobody was reached.
    Raises:
        Unavailable: somebody must still be notified later, or the members of a group or schedule are unknown.
    """
    copies = await _cards(env, request)
    link = await env.messenger.permalink(*copies[0]) if copies else None
    people = await notified(env, request.notify, asked_by=request.requester)
    alarm = await notice_of(env, request, ALARM, notices.break_glass_notice(request, env.catalogue, link))
    called = tuple(one for one in people if one != request.requester)
    await notify_privately(env, replace(alarm, people=called))
    try:
        await require_known(env, request.notify, asked_by=request.requester)
    except Unavailable as error:
        if failures < MOST_FAILURES:
            raise
        await _give_up(env, request, called, str(error))


async def _give_up(env: Environment, request: Request, called: Sequence[str], why: str) -> None:
    """Record that an alarm didn't reach everyone. If it reached nobody, `doctor` reports it."""
    log.error("an alarm did not reach everyone", request=request.id, called=len(called), why=why)
    if not called:
        await env.store.notices.set_notified(request.id, ALARM, how=NOBODY)


async def _cards(env: Environment, request: Request) -> Sequence[tuple[str, str]]:
    """Wait up to five seconds for the card, so that the message can link to it. The operation itself doesn't wait."""
    for _ in range(TRIES):
        if copies := await env.store.cards.of(request.id):
            return copies
        await asyncio.sleep(CHECK_EVERY)
    return ()
