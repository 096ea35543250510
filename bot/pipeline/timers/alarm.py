"""Break-glass acts are loud: their card stands in the channel itself, and whoever the rule notifies is told alone."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from bot.blocks import notices
from bot.core.requests.request import Request
from bot.pipeline.environment import Environment
from bot.pipeline.outcomes.delivery import ALARM, notice_of, tell_alone
from bot.pipeline.outcomes.recipients import notified

LOOKS: Final = 50
LOOK_EVERY: Final = 0.1


async def raise_alarm(env: Environment, request: Request) -> None:
    """Tell those whom the rule of a break-glass act notifies, wherever they are; its work posts the card meanwhile.

    Raises:
        Unavailable: somebody is still to be told.
    """
    copies = await _cards(env, request)
    link = await env.messenger.permalink(*copies[0]) if copies else None
    people = await notified(env, request.notify, asked_by=request.requester)
    alarm = await notice_of(env, request, ALARM, notices.break_glass_notice(request, env.catalogue, link))
    await tell_alone(env, replace(alarm, people=tuple(one for one in people if one != request.requester)))


async def _cards(env: Environment, request: Request) -> Sequence[tuple[str, str]]:
    """Wait a little for the card, so that people find it; the act itself waits for nobody."""
    for _ in range(LOOKS):
        if copies := await env.store.cards.of(request.id):
            return copies
        await asyncio.sleep(LOOK_EVERY)
    return ()
