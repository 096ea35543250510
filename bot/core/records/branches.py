"""Branches: databases that were created as copies of others, with an owner and perhaps a time at which they end."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

ANNOUNCED_BEFORE = timedelta(days=1)
"""How long before the end of a branch people are notified of it, or half of its lifetime if that is shorter."""


class BranchState(StrEnum):
    """What happens to a branch automatically."""

    ACTIVE = "active"
    """The branch ends at `ends_at`. If that is None, it doesn't end."""
    ENDING = "ending"
    """The end date has been reached, and the bot is requesting the branch's quarantine."""
    ENDED = "ended"
    """The quarantine was requested or refused, or the branch no longer exists. Nothing more happens automatically."""


@dataclass(frozen=True, slots=True)
class Branch:
    """A branch that was created with Turso Ops."""

    id: str
    organization: str
    database: str
    database_id: str
    """Its `DbId`. Empty if Turso didn't return it after the creation."""
    source: str
    source_id: str
    owner: str
    channel_id: str
    request_id: str
    """The request that created it."""
    created_at: datetime
    ends_at: datetime | None = None
    state: BranchState = BranchState.ACTIVE

    @property
    def announced_at(self) -> datetime | None:
        """Return when its end is announced. None if it has no end."""
        if self.ends_at is None:
            return None
        return self.ends_at - min(ANNOUNCED_BEFORE, (self.ends_at - self.created_at) / 2)
