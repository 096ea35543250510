"""The people whom a message notifies through mentions. Only tests use this."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from bot.sandbox.workspace.model import Message
from bot.sandbox.workspace.state import State

_SEQUENCE = re.compile(r"<(?P<inner>[@!][^<>]+)>")
_MASS = ("channel", "here", "everyone")


@dataclass(frozen=True)
class Notified:
    """The people who are notified by name or as members of a group, and whether the whole channel is notified."""

    people: frozenset[str] = field(default_factory=frozenset)
    everybody: bool = False


def notified_by(state: State, message: Message) -> Notified:
    """Return who is notified by a message's blocks, or without blocks by its text. Attachments aren't examined.

    In blocks, only `mrkdwn` texts and the mention elements of rich text count, never plain text.
    """
    marked = [message.text] if not message.blocks else []
    marked += list(_marked(message.blocks))
    people, everybody = set(_rich_people(state, message.blocks)), _rich_everybody(message.blocks)
    for found in (found for text in marked for found in _SEQUENCE.finditer(text)):
        inner = found["inner"].split("|")[0]
        if inner.startswith("@"):
            people.add(inner[1:])
        elif inner.removeprefix("!") in _MASS:
            everybody = True
        elif inner.startswith("!subteam^"):
            people |= set(_members(state, inner.removeprefix("!subteam^")))
    return Notified(frozenset(people & state.people.keys()), everybody)


def _members(state: State, group_id: str) -> list[str]:
    group = state.usergroups.get(group_id)
    return [] if group is None or group.disabled else group.users


def _marked(value: Any) -> list[str]:
    """Return every `mrkdwn` text in the blocks. `plain_text` has no markup."""
    if isinstance(value, list):
        return [text for each in value for text in _marked(each)]
    if not isinstance(value, dict):
        return []
    if value.get("type") == "mrkdwn":
        return [str(value.get("text", ""))]
    return [text for each in value.values() for text in _marked(each)]


def _rich_people(state: State, value: Any) -> list[str]:
    """Return the people whom `user` and `usergroup` elements of rich text mention. Text elements mention nobody."""
    if isinstance(value, list):
        return [person_id for each in value for person_id in _rich_people(state, each)]
    if not isinstance(value, dict):
        return []
    if value.get("type") == "user" and "user_id" in value:
        return [str(value["user_id"])]
    if value.get("type") == "usergroup":
        return _members(state, str(value.get("usergroup_id")))
    return [person_id for each in value.values() for person_id in _rich_people(state, each)]


def _rich_everybody(value: Any) -> bool:
    if isinstance(value, list):
        return any(_rich_everybody(each) for each in value)
    if not isinstance(value, dict):
        return False
    return value.get("type") == "broadcast" or any(_rich_everybody(each) for each in value.values())
