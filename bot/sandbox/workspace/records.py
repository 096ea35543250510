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
    attempt: int = 0  # 0 is the first one. Retries of events count up
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
    """One request from the app to the Web API or a `response_url`. It never contains a token."""

    method: str
    args: Json
    answer: Json
    status: int
    at: datetime
    milliseconds: float
    error: str | None = None
    person_id: str | None = None  # the only person who may see the content. "" if that person isn't known
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
    """A change for which pages must be rendered again. Without a `person_id`, it is for all who see the channel.

    Without a `channel_id` either, it is for everybody. Deliveries and calls are only for the inspector.
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
    """The result of an action: its message, its deliveries, and the notice or errors that the person saw."""

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
