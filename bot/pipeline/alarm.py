"""Break-glass acts are loud: their card stands in the channel itself, and whoever the rule notifies is told alone."""

import asyncio
import re
from collections.abc import Sequence
from typing import Final

import structlog

from bot.blocks import notices
from bot.core.request import Request
from bot.errors import BotError
from bot.pipeline.environment import Environment

log = structlog.get_logger(__name__)
AT_MOST: Final = 25
"""People who are told one by one; more are called by the mention in the channel."""
LOOKS: Final = 50
LOOK_EVERY: Final = 0.1
_PERSON: Final = re.compile(r"<@([A-Z0-9]+)>")
_GROUP: Final = re.compile(r"<!subteam\^([A-Z0-9]+)>")


async def raise_alarm(env: Environment, request: Request) -> None:
    """Tell those whom the rule of a break-glass act notifies, wherever they are; its work posts the card meanwhile.

    After a crash they may be told twice.
    """
    copies = await _cards(env, request)
    link = await env.messenger.permalink(*copies[0]) if copies else None
    for user_id in await notified(env, request.notify, asked_by=request.asker):
        if user_id != request.asker:
            await _tell(env, user_id, request, link)


async def _cards(env: Environment, request: Request) -> Sequence[tuple[str, str]]:
    """Wait a little for the card, so that people find it; the act itself waits for nobody."""
    for _ in range(LOOKS):
        if copies := await env.memory.cards(request.id):
            return copies
        await asyncio.sleep(LOOK_EVERY)
    return ()


async def notified(env: Environment, mentions: tuple[str, ...], *, asked_by: str) -> list[str]:
    """Return the people whom the mentions of a rule call, the members of its user groups included."""
    text = " ".join(mentions)
    groups = frozenset(_GROUP.findall(text))
    members: list[str] = []
    if groups:
        subject = await env.directory.subject_of(asked_by, "", usergroups=groups)
        members = sorted(user for found in subject.groups.values() for user in found or ())
    return list(dict.fromkeys([*_PERSON.findall(text), *members]))[:AT_MOST]


async def _tell(env: Environment, user_id: str, request: Request, link: str | None) -> None:
    try:
        await env.messenger.direct(user_id, notices.break_glass_notice(request, link))
    except BotError as error:
        log.warning("somebody was not told of a break-glass act", user=user_id, why=str(error))
