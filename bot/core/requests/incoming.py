"""What Slack sends when a person does something: commands, mentions, clicks, forms, shortcuts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What a person used: a command, a mention, a button, a form, a shortcut or Home."""

    COMMAND = "command"
    MENTION = "mention"
    ACTION = "action"
    SUBMISSION = "submission"
    SHORTCUT = "shortcut"
    HOME = "home"


@dataclass(frozen=True, slots=True)
class Incoming:
    """A command, click or form. `trigger_id`, `response_url` and `modal_id` are never stored.

    The first two are hidden in `repr`.
    """

    id: str
    """The intent's ID: `i-` and 10 characters. If a branch's end date is the cause, the branch's ID."""
    key: str
    """A hash that is the same if Slack delivers the same command or click again, or if a form is submitted again."""
    kind: Kind
    at: datetime
    user_id: str
    channel_id: str
    """Empty if Slack sends none: for Home, global shortcuts and forms. The check of a form fills it in for replies."""
    user_team_id: str | None = None
    """The ID of the person's workspace or organization, if the payload contains it."""
    thread_ts: str | None = None
    text: str = ""
    """The command line as typed, for commands and mentions."""
    action_id: str = ""
    """The button's `action_id`, or the `callback_id` of a submission or shortcut."""
    value: str = ""
    """The button's value (an opaque ID or a command line), or the `private_metadata` of a submission."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """The inputs of a submission or message, by `block_id`."""
    message_ts: str | None = None
    view_id: str | None = None
    is_ephemeral: bool = False
    """True if the button was in a message that only this person sees."""
    modal_id: str | None = None
    """The ID of the modal that was opened to show a secret."""
    trigger_id: str | None = field(default=None, repr=False)
    response_url: str | None = field(default=None, repr=False)

    @property
    def is_within_thread(self) -> bool:
        """Return True for a mention or click in a thread reply, so that the thread is known to have replies."""
        seen_there = self.kind in (Kind.MENTION, Kind.ACTION)
        return seen_there and self.thread_ts is not None and self.thread_ts != self.message_ts
