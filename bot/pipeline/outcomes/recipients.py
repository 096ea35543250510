"""The recipients of an outcome: the requester, the approvers, and the people whom the rule notifies."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from bot.core.oncall import is_schedule, not_said
from bot.core.requests.request import Request
from bot.errors import Unavailable
from bot.pipeline.environment import Environment
from bot.pipeline.outcomes.delegates import delegates_to_notify

AT_MOST: Final = 25
"""The maximum number of people from a rule's `notify` who are notified individually. Others only see the mention."""
_PERSON: Final = re.compile(r"<@([A-Z0-9]+)>")
_GROUP: Final = re.compile(r"<!subteam\^([A-Z0-9]+)>")


async def people_concerned(env: Environment, request: Request) -> tuple[str, ...]:
    """Return the requester, the approvers and, unless it is private, the people whom the rule notifies, in this order.

    Raises:
        Unavailable: Slack doesn't respond.
    """
    approvers = [vote.user_id for vote in request.votes if vote.approves]
    others = [] if request.is_private else await notified(env, request.notify, asked_by=request.requester)
    return tuple(dict.fromkeys([request.requester, *approvers, *others]))


async def with_people_on_call(env: Environment, request: Request) -> Request:
    """Return a request whose `notify` has the people on call now instead of schedules, and also delegates.

    Raises:
        Unavailable: Slack doesn't respond.
    """
    groups = await _members(env, frozenset(filter(is_schedule, request.notify)), request.requester)
    people: list[str] = []
    for one in request.notify:
        on_call = sorted((groups.get(one) or frozenset()) - {request.requester})
        people += [f"<@{user}>" for user in on_call] if one in groups else [one]
    named = _PERSON.findall(" ".join(people))
    people += [f"<@{one}>" for one in await delegates_to_notify(env, request, named)]
    return replace(request, notify=tuple(dict.fromkeys(people)))


async def notified(env: Environment, mentions: tuple[str, ...], *, asked_by: str) -> list[str]:
    """Return up to `AT_MOST` people in a rule's mentions, including the members of user groups and those on call.

    Groups and schedules whose members are unknown are left out. Raises Unavailable.
    """
    groups = await _members(env, _groups_in(mentions), asked_by)
    members = sorted(user for found in groups.values() for user in found or ())
    return list(dict.fromkeys([*_PERSON.findall(" ".join(mentions)), *members]))[:AT_MOST]


def _groups_in(mentions: tuple[str, ...]) -> frozenset[str]:
    return frozenset([*_GROUP.findall(" ".join(mentions)), *filter(is_schedule, mentions)])


async def require_known(env: Environment, mentions: tuple[str, ...], *, asked_by: str) -> None:
    """Raise Unavailable if the members of a group or schedule are unknown, so that the notification is tried again.

    Raises:
        Unavailable: Slack or the service with the schedule didn't return them.
    """
    found = await _members(env, _groups_in(mentions), asked_by)
    if silent := [key for key, ids in found.items() if ids is None]:
        raise Unavailable(f"{not_said(silent)}.")


async def _members(env: Environment, groups: frozenset[str], asked_by: str) -> Mapping[str, frozenset[str] | None]:
    return (await env.directory.subject_of(asked_by, "", usergroups=groups)).groups if groups else {}
