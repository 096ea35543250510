"""The recipients of an outcome: the requester, the approvers, and the people whom the rule notifies."""

import re
from typing import Final

from bot.core.model import Visibility
from bot.core.requests.request import Mode, Request
from bot.pipeline.environment import Environment

AT_MOST: Final = 25
"""How many people are notified individually. Others only see the mention in the channel."""
_PERSON: Final = re.compile(r"<@([A-Z0-9]+)>")
_GROUP: Final = re.compile(r"<!subteam\^([A-Z0-9]+)>")


async def people_concerned(env: Environment, request: Request) -> tuple[str, ...]:
    """Return the requester, then the approvers, then the people whom the rule notifies. Raises Unavailable."""
    approvers = [vote.user_id for vote in request.votes if vote.approves]
    others = [] if is_private(request) else await notified(env, request.notify, asked_by=request.requester)
    return tuple(dict.fromkeys([request.requester, *approvers, *others]))


def is_private(request: Request) -> bool:
    """Return True if the channel must not read about a request. A break-glass operation is never private."""
    hidden = request.private or request.visibility is Visibility.EPHEMERAL
    return hidden and request.mode is not Mode.BREAK_GLASS


async def notified(env: Environment, mentions: tuple[str, ...], *, asked_by: str) -> list[str]:
    """Return the people whom a rule's mentions name, including the members of user groups."""
    text = " ".join(mentions)
    groups = frozenset(_GROUP.findall(text))
    members: list[str] = []
    if groups:
        subject = await env.directory.subject_of(asked_by, "", usergroups=groups)
        members = sorted(user for found in subject.groups.values() for user in found or ())
    return list(dict.fromkeys([*_PERSON.findall(text), *members]))[:AT_MOST]
