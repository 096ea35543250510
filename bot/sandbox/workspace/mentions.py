"""The people whom a message notifies, according to Slack's mention sequences. Only tests use this."""

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
    """The people who are notified by name or as members of a group, and whether everybody in the channel is."""

    people: frozenset[str] = field(default_factory=frozenset)
    everybody: bool = False


def notified_by(state: State, message: Message) -> Notified:
    """Return who is notified by a message. Only markup that Slack interprets counts, never plain text."""
    marked = [message.text] if not message.blocks else []
    marked += list(_marked(message.blocks))
    people, everybody = set(_rich_people(message.blocks)), _rich_everybody(message.blocks)
    for found in (found for text in marked for found in _SEQUENCE.finditer(text)):
        inner = found["inner"].split("|")[0]
        if inner.startswith("@"):
            people.add(inner[1:])
        elif inner.removeprefix("!") in _MASS:
            everybody = True
        elif inner.startswith("!subteam^") and (group := state.usergroups.get(inner.removeprefix("!subteam^"))):
            people |= set() if group.disabled else set(group.users)
    return Notified(frozenset(people & state.people.keys()), everybody)


def _marked(value: Any) -> list[str]:
    """Return every `mrkdwn` text in the blocks. `plain_text` has no markup."""
    if isinstance(value, list):
        return [text for each in value for text in _marked(each)]
    if not isinstance(value, dict):
        return []
    if value.get("type") == "mrkdwn":
        return [str(value.get("text", ""))]
    return [text for each in value.values() for text in _marked(each)]


def _rich_people(value: Any) -> list[str]:
    """Return the people whom `user` elements of rich text mention. Its text elements never mention anybody."""
    if isinstance(value, list):
        return [name for each in value for name in _rich_people(each)]
    if not isinstance(value, dict):
        return []
    if value.get("type") == "user" and "user_id" in value:
        return [str(value["user_id"])]
    return [name for each in value.values() for name in _rich_people(each)]


def _rich_everybody(value: Any) -> bool:
    if isinstance(value, list):
        return any(_rich_everybody(each) for each in value)
    if not isinstance(value, dict):
        return False
    return value.get("type") == "broadcast" or any(_rich_everybody(each) for each in value.values())
