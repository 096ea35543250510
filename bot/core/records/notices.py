"""Pending notifications of outcomes, and messages that are kept up to date."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

REVIEWED: Final = "reviewed"
"""The event of a review that was given."""
PLAINLY: Final = "plainly"
"""How people were notified of an outcome whose card couldn't be built because of a bug."""


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
