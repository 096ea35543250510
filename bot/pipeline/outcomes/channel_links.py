"""Remove links to channels of which the reader of a direct message isn't a member."""

import re
from dataclasses import replace
from typing import Any, Final

from bot.core.reply import Reply
from bot.errors import Unavailable
from bot.pipeline.environment import Environment

ELSEWHERE: Final = "another channel"
_CHANNEL: Final = re.compile(r"<#([A-Z0-9]+)(?:\|[^<>]*)?>")
_MESSAGE: Final = re.compile(r"<https?://[^<>|\s]*/archives/([A-Z0-9]+)/[^<>|\s]*\|([^<>]*)>")
"""A link to a message, with its label."""


async def for_reader(env: Environment, reply: Reply, user_id: str, *, was_there: bool) -> Reply:
    """Return a message without links to channels that its reader isn't in.

    Only the bot writes link markup, because people's text is escaped.

    Args:
        was_there: True if the message is about something that the reader did in the channel, so that they know it. Only
            used if the channel's members are unknown, because the bot can't see it or Slack doesn't respond.
    """
    shown = str((reply.text, reply.blocks, reply.plain_blocks))
    named = {found[1] for pattern in (_CHANNEL, _MESSAGE) for found in pattern.finditer(shown)}
    hidden = frozenset([one for one in sorted(named) if not await _may_know(env, user_id, one, was_there)])
    if not hidden:
        return reply
    return replace(
        reply,
        text=_without(reply.text, hidden),
        blocks=_without(reply.blocks, hidden),
        plain_blocks=_without(reply.plain_blocks, hidden),
    )


async def _may_know(env: Environment, user_id: str, channel_id: str, was_there: bool) -> bool:
    try:
        inside = await env.directory.inside(channel_id)
    except Unavailable:
        inside = frozenset()
    return user_id in inside or (was_there and not inside)


def _without(value: Any, hidden: frozenset[str]) -> Any:
    if isinstance(value, str):
        value = _CHANNEL.sub(lambda found: ELSEWHERE if found[1] in hidden else found[0], value)
        return _MESSAGE.sub(lambda found: found[2] if found[1] in hidden else found[0], value)
    if isinstance(value, dict):
        return {key: _without(one, hidden) for key, one in value.items()}
    return [_without(one, hidden) for one in value] if isinstance(value, list | tuple) else value
