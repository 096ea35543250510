"""What the steps of a request's workflow return.

The workflow keeps these results in the database, as the JSON that `to_json` makes. An upgrade finds results that an
older version kept, so the values and the keys never change.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class StepName(StrEnum):
    """The steps of a phase, by the names that the database has."""

    BEGIN = "begin"
    ACT = "act"
    VERIFY = "see"
    FINISH = "finish"
    TELL = "tell"


class PhaseKind(StrEnum):
    """What a phase does."""

    EXECUTE = "execute"
    """The operation itself; of a destroy, the start of its quarantine."""
    FINISH = "finish"
    """What follows when the countdown is over."""
    UNDO = "undo"

    @classmethod
    def of(cls, phase: str) -> "PhaseKind":
        """Return the kind of a phase. A phase that is tried again has a number: `undo2` is an `undo`."""
        return cls(phase.rstrip("0123456789"))


class BeginResult(StrEnum):
    """Whether the phase goes on."""

    GO = "go"
    STOP = "stop"


class Attempt(StrEnum):
    """What came of handing the change to Turso."""

    DONE = "done"
    BEFORE = "before"
    """It was marked as sent before: a crash came, and nothing is sent again."""
    UNKNOWN = "unknown"
    """It was sent, and Turso's response says neither yes nor no."""
    REFUSED = "refused"
    NOT_SENT = "not_sent"
    """The call did not reach Turso."""
    STALE = "stale"
    """The plan no longer holds, or is no longer allowed. Nothing was sent."""
    AGAIN = "again"
    """The end of a countdown is not possible now. The quarantine stays, and the end is tried again."""
    STOPPED = "stopped"
    """The request was denied or withdrawn, or has expired, before it was sent."""


@dataclass(frozen=True, slots=True)
class ActResult:
    """What the step `act` returns."""

    attempt: Attempt
    why: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What the operation returned, as plain JSON; never a secret."""
    at: datetime | None = None
    """When it was sent, by the bot's clock."""

    def to_json(self) -> dict[str, Any]:
        """Return what the workflow keeps."""
        at = {"at": self.at.isoformat()} if self.at else {}
        return {"acted": self.attempt.value, "why": self.why, "facts": dict(self.facts), **at}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "ActResult":
        """Read what was kept, by this version or an older one, which left out what was empty."""
        at = datetime.fromisoformat(kept["at"]) if kept.get("at") else None
        return cls(Attempt(kept["acted"]), str(kept.get("why") or ""), dict(kept.get("facts") or {}), at)


class PhaseResult(StrEnum):
    """How a phase ended, as far as it is known."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNKNOWN = "unknown"
    STALE = "stale"
    AGAIN = "again"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class VerifyResult:
    """What the step `verify` returns."""

    result: PhaseResult
    why: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return what the workflow keeps."""
        return {"result": self.result.value, "why": self.why, "facts": dict(self.facts)}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "VerifyResult":
        """Read what was kept, by this version or an older one, which left out what was empty."""
        return cls(PhaseResult(kept["result"]), str(kept.get("why") or ""), dict(kept.get("facts") or {}))
