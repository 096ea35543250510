"""Pending notifications of outcomes, and messages that are updated later."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

REVIEWED: Final = "reviewed"
"""The `event` of the notice that a review was completed."""
PLAINLY: Final = "plainly"
"""The `how` of a notification without the outcome's card, which couldn't be built because of a bug."""


@dataclass(frozen=True, slots=True)
class PendingNotice:
    """An outcome of which people must still be notified."""

    subject: str
    """The ID of the request or review."""
    event: str
    """The outcome: a request's state, or `reviewed`."""
    owed_at: datetime
    how: str = ""
    """`nobody` means that nobody could be reached. `plainly` means that people were notified without the card."""


@dataclass(frozen=True, slots=True)
class LiveCard:
    """A message that shows the state of a database, and is updated when the database changes."""

    channel_id: str
    ts: str
    organization: str
    database: str
    line: str
    """The command line that produces it."""
    user_id: str
    """The requester. Each update is authorized for this person."""
    at: datetime
