"""What came in: a command, a click or a submitted form."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """By which way something came in."""

    COMMAND = "command"
    MENTION = "mention"
    ACTION = "action"
    SUBMISSION = "submission"
    SHORTCUT = "shortcut"
    HOME = "home"


@dataclass(frozen=True, slots=True)
class Incoming:
    """One thing that a person typed, pressed or submitted. What is short-lived is not shown and never stored."""

    id: str
    """Our reference, shown to people: `i-` and 10 characters."""
    key: str
    """What Slack repeats when it delivers again: `trigger_id` or `event_id`, hashed."""
    kind: Kind
    at: datetime
    user_id: str
    channel_id: str
    """Empty in Home and global shortcuts."""
    user_team_id: str | None = None
    """The actor's own team or organization, from interactive payloads."""
    thread_ts: str | None = None
    text: str = ""
    """The command line as typed, for commands and mentions."""
    action_id: str = ""
    """Of a button; the `callback_id` of a submission or shortcut."""
    value: str = ""
    """Of a button: an opaque id or a command line; the `private_metadata` of a submission."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """The inputs of a submission or of the message: `block_id` to a plain value."""
    message_ts: str | None = None
    view_id: str | None = None
    is_ephemeral: bool = False
    """The button stood in a message that only this person sees."""
    modal_id: str | None = None
    """A modal that was opened for the answer."""
    trigger_id: str | None = field(default=None, repr=False)
    response_url: str | None = field(default=None, repr=False)

    @property
    def is_within_thread(self) -> bool:
        """Return True when it was written or pressed in an answer of a thread, so that the thread has answers."""
        seen_there = self.kind in (Kind.MENTION, Kind.ACTION)
        return seen_there and self.thread_ts is not None and self.thread_ts != self.message_ts
