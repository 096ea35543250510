"""Incidents, and the reviews that break-glass operations owe."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Incident:
    """A channel's time-boxed rights."""

    id: str
    key: str
    channel_id: str
    organization: str
    profile: str
    started_by: str
    started_at: datetime
    until: datetime
    ended_at: datetime | None = None
    ended_by: str = ""
    timeline_ts: str | None = None


@dataclass(frozen=True, slots=True)
class Review:
    """What a break-glass act owes: a look by somebody else."""

    id: str
    request_id: str
    actor: str
    channel_id: str
    created_at: datetime
    due_at: datetime
    reviewers: tuple[str, ...] = ()
    notify: tuple[str, ...] = ()
    justified: bool | None = None
    reviewed_by: str = ""
    reviewed_at: datetime | None = None
    comment: str = ""
