"""Incidents, and the reviews that break-glass operations require."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Incident:
    """An incident: a period in which a channel has the rules of its incident profile."""

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
    """The review of a break-glass operation by another person."""

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
