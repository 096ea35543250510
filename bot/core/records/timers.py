"""Timers: what is due, and when."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum


class TimerKind(StrEnum):
    """What is due."""

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


@dataclass(frozen=True, slots=True)
class Timer:
    """Something that happens when its time has come; it can be seen, moved and cancelled."""

    kind: TimerKind
    subject: str
    """The id of the request, hold, incident, review or channel that it is about; for a sample the organization."""
    due_at: datetime
    attempt: int = 0
    failures: int = 0
    """How often in a row its work has failed."""
    cause: str = ""
    """Why it failed the last time."""
    held_until: datetime | None = None
    """By the machine's clock: it was started, or has failed, and is left alone until then."""

    def failed(self, cause: str, *, again_at: datetime) -> "Timer":
        """Return the timer that tries the same again, after work that did not succeed; `doctor` shows it."""
        return replace(self, due_at=again_at, attempt=self.attempt + 1, failures=self.failures + 1, cause=cause)


@dataclass(frozen=True, slots=True)
class Backlog:
    """Timers that should have fired."""

    overdue: int
    """Those that have not failed: no process has got round to them."""
    failing: int
    examples: tuple[Timer, ...]
    """Those that have failed most often."""
