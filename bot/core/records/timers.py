"""Timers: events with a due time."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum


class TimerKind(StrEnum):
    """What happens when a timer is due."""

    EXPIRE = "expire"
    REMIND = "remind"
    LAPSE = "lapse"
    FINISH = "finish"
    THAW = "thaw"
    RECONCILE = "reconcile"
    PROVE = "prove"
    INCIDENT_END = "incident_end"
    REVIEW = "review"
    ALARM = "alarm"
    DIGEST = "digest"
    SAMPLE = "sample"
    NOTIFY = "notify"
    BRANCH_END = "branch_end"
    UNBLOCK = "unblock"


@dataclass(frozen=True, slots=True)
class Timer:
    """An event at a due time. It is stored, so that it can be seen, moved and cancelled."""

    kind: TimerKind
    subject: str
    """The ID of the request, hold, incident, review, branch or channel. For a sample, the organization.

    For a notification, the subject of the notice.
    """
    due_at: datetime
    attempt: int = 0
    failures: int = 0
    """How many times the timer has failed in a row."""
    cause: str = ""
    """Why it failed last: a sentence or a few words. For a bug, the type of the error."""
    held_until: datetime | None = None
    """Until when it isn't started again after a start or a failure, by the machine's clock."""

    def failed(self, cause: str, *, again_at: datetime) -> "Timer":
        """Return the timer for another attempt after a failure. `doctor` shows how often it has failed."""
        return replace(self, due_at=again_at, attempt=self.attempt + 1, failures=self.failures + 1, cause=cause)


@dataclass(frozen=True, slots=True)
class Backlog:
    """Counts of overdue and failing timers."""

    overdue: int
    """The number of timers that should have been run by a given time, but haven't been run and haven't failed."""
    failing: int
    examples: tuple[Timer, ...]
    """The timers with the most failures."""
