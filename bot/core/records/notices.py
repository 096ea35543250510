"""Notices: which outcomes people are still to be notified of, and messages that are kept up to date."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

REVIEWED: Final = "reviewed"
"""The end of a review that was owed."""
PLAINLY: Final = "plainly"
"""How an end was told whose card can't be drawn, by a fault of ours."""


@dataclass(frozen=True, slots=True)
class Untold:
    """An end that somebody is still to be told of."""

    subject: str
    """The id of the request or review that has come to an end."""
    event: str
    """The end: a request's state, or `reviewed`."""
    owed_at: datetime
    how: str = ""
    """`nobody`: no way to anybody was open; `plainly`: it was told, without its card."""


@dataclass(frozen=True, slots=True)
class LiveCard:
    """A message that shows how a database is, and is brought up to date when the database changes."""

    channel_id: str
    ts: str
    organization: str
    database: str
    line: str
    """The command line that draws it."""
    user_id: str
    """Who asked for it: it is drawn for them, by the rules as they are then."""
    at: datetime
