"""Notifications of outcomes, and messages that are updated later."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

REVIEWED: Final = "reviewed"
"""The `event` of the notice that a review was completed."""
PLAINLY: Final = "plainly"
"""The `how` of a notification without the outcome's card, which couldn't be built because of a bug."""


@dataclass(frozen=True, slots=True)
class PendingNotice:
    """An outcome or event of which people must be notified, or were notified without the outcome's card."""

    subject: str
    """The ID of a request, review, incident or alert, or a text such as `policy:812` or `audit-head:2026-11-24`."""
    event: str
    """The outcome or event: a request's state, `reviewed`, `alert_raised`, `policy_changed`, …"""
    owed_at: datetime
    how: str = ""
    """Empty while the notification is pending. `nobody` means that nobody could be reached.

    `plainly` means that people were notified without the card.
    """


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
