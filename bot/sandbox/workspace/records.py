"""The records for the inspector and for tests: deliveries, calls, notices and changes."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from bot.sandbox.workspace.model import Json, Message, View

_call_ids = itertools.count(1)


@dataclass(kw_only=True)
class Delivery:
    """One attempt to deliver something to the app, and the app's response."""

    id: str
    kind: str  # slash_commands, block_actions, view_submission, ..., or event:app_mention
    over: Literal["http", "socket"]
    payload: Json
    person_id: str | None
    sent_at: datetime
    attempt: int = 0  # 0 for the first attempt, then the number of the retry. Only events are retried
    url: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    signature: str = ""
    status: int | None = None
    answer: str = ""
    answer_headers: dict[str, str] = field(default_factory=dict)
    milliseconds: float | None = None
    failure: str | None = None  # http_timeout, http_error, connection_failed, too_many_redirects, no_connection

    @property
    def ok(self) -> bool:
        return self.failure is None


@dataclass(kw_only=True)
class Call:
    """One request from the app to the Web API or a `response_url`. It never contains the app's Slack tokens."""

    method: str
    args: Json
    answer: Json
    status: int
    at: datetime
    milliseconds: float
    error: str | None = None
    person_id: str | None = None  # the only person who may see the content, "" if unknown. None if it isn't private
    id: int = field(default_factory=lambda: next(_call_ids), compare=False)


@dataclass(frozen=True, kw_only=True)
class Notice:
    """A line that Slack's own client shows to one person: `/turso failed …`."""

    person_id: str
    text: str
    channel_id: str | None = None


ChangeKind = Literal[
    "message",
    "message_updated",
    "message_deleted",
    "ephemeral",
    "ephemeral_updated",
    "ephemeral_deleted",
    "view_opened",
    "view_updated",
    "view_closed",
    "home",
    "notice",
    "channel",
    "person",
    "delivery",
    "call",
]


@dataclass(frozen=True, kw_only=True)
class Change:
    """A change that must be shown on open pages.

    With a `person_id`, it concerns only that person. Otherwise it concerns all who can see the channel, or everybody if
    there is no `channel_id`. Deliveries and calls concern only the inspector.
    """

    kind: ChangeKind
    channel_id: str | None = None
    person_id: str | None = None
    message: Message | None = None
    view: View | None = None
    notice: Notice | None = None
    delivery: Delivery | None = None
    call: Call | None = None


@dataclass(frozen=True, kw_only=True)
class Acted:
    """The result of a person's action: its deliveries to the app, and the notice or errors that the person saw.

    `message` is the message that the person posted, or the one in the acknowledgement of their slash command.
    """

    message: Message | None = None
    deliveries: tuple[Delivery, ...] = ()
    notice: str | None = None
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def delivery(self) -> Delivery | None:
        """Return the first delivery, if there was one."""
        return self.deliveries[0] if self.deliveries else None


class CannotAct(Exception):
    """Raised if Slack's own client wouldn't let a person do this. The message says why."""
