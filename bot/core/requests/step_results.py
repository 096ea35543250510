"""The results that the steps of a request's workflow return.

The workflow stores them as the JSON that `to_json` returns. After an upgrade it reads results of older versions, so
values and keys must never change.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class StepName(StrEnum):
    """The steps of a phase. The values are their names in the workflow's stored steps."""

    BEGIN = "begin"
    ACT = "act"
    VERIFY = "see"
    FINISH = "finish"
    NOTIFY = "tell"


class PhaseKind(StrEnum):
    """What a phase does."""

    EXECUTE = "execute"
    """The operation itself. For a destroy, the start of its quarantine."""
    FINISH = "finish"
    """The operation at the end of the countdown: the destroy itself."""
    UNDO = "undo"

    @classmethod
    def of(cls, phase: str) -> "PhaseKind":
        """Return the kind of a phase. Repeated phases have a number: `undo2` is an `undo`."""
        return cls(phase.rstrip("0123456789"))


class BeginResult(StrEnum):
    """Whether the phase continues."""

    GO = "go"
    STOP = "stop"


class Attempt(StrEnum):
    """The result of sending the change to Turso."""

    DONE = "done"
    BEFORE = "before"
    """The change was marked as sent before a crash, so it isn't sent again."""
    UNKNOWN = "unknown"
    """The change may have been sent, and no response shows whether it was made completely."""
    REFUSED = "refused"
    NOT_SENT = "not_sent"
    """The call didn't reach Turso, or Turso refused it because of its rate limit."""
    STALE = "stale"
    """The plan has drifted or is no longer allowed. Nothing was sent."""
    AGAIN = "again"
    """The database can't be destroyed now. Its quarantine is kept, and the destroy is tried again later."""
    STOPPED = "stopped"
    """The request was denied, withdrawn or expired before it was sent."""


@dataclass(frozen=True, slots=True)
class ActResult:
    """The result of the step ACT."""

    attempt: Attempt
    why: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What the operation returned, as plain JSON. Never a secret."""
    at: datetime | None = None
    """When the change was sent, by the bot's clock. Only for `DONE` and `UNKNOWN`."""

    def to_json(self) -> dict[str, Any]:
        """Return the JSON that the workflow stores."""
        at = {"at": self.at.isoformat()} if self.at else {}
        return {"acted": self.attempt.value, "why": self.why, "facts": dict(self.facts), **at}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "ActResult":
        """Parse a stored result of this or an older version. Older ones left out empty values."""
        at = datetime.fromisoformat(kept["at"]) if kept.get("at") else None
        return cls(Attempt(kept["acted"]), str(kept.get("why") or ""), dict(kept.get("facts") or {}), at)


class PhaseResult(StrEnum):
    """The result of a phase."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNKNOWN = "unknown"
    STALE = "stale"
    AGAIN = "again"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class VerifyResult:
    """The result of the step VERIFY."""

    result: PhaseResult
    why: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON that the workflow stores."""
        return {"result": self.result.value, "why": self.why, "facts": dict(self.facts)}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "VerifyResult":
        """Parse a stored result of this or an older version. Older ones left out empty values."""
        return cls(PhaseResult(kept["result"]), str(kept.get("why") or ""), dict(kept.get("facts") or {}))
