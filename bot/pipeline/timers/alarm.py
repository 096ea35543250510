"""The alarm of a break-glass operation: a private message to each person whom its rule notifies."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from bot.blocks import notices
from bot.core.requests.request import Request
from bot.pipeline.environment import Environment
from bot.pipeline.outcomes.delivery import ALARM, notice_of, notify_privately
from bot.pipeline.outcomes.recipients import notified, require_known

TRIES: Final = 50
CHECK_EVERY: Final = 0.1


async def raise_alarm(env: Environment, request: Request) -> None:
    """Notify the people whom the rule of a break-glass operation names. Its card is posted at the same time.

    Raises:
        Unavailable: somebody must still be notified later, or the members of a group or schedule are unknown.
    """
    copies = await _cards(env, request)
    link = await env.messenger.permalink(*copies[0]) if copies else None
    people = await notified(env, request.notify, asked_by=request.requester)
    alarm = await notice_of(env, request, ALARM, notices.break_glass_notice(request, env.catalogue, link))
    await notify_privately(env, replace(alarm, people=tuple(one for one in people if one != request.requester)))
    await require_known(env, request.notify, asked_by=request.requester)


async def _cards(env: Environment, request: Request) -> Sequence[tuple[str, str]]:
    """Wait up to five seconds for the card, so that the message can link to it. The operation itself doesn't wait."""
    for _ in range(TRIES):
        if copies := await env.store.cards.of(request.id):
            return copies
        await asyncio.sleep(CHECK_EVERY)
    return ()
