"""What is known of a rotation beyond "Turso has accepted it": plain JSON in the facts of a request."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

PROOF: Final = "proof"
"""The key in a request's facts."""
WATCHED_FOR: Final = timedelta(minutes=65)
"""Turso says that old tokens lose access within an hour."""


class OldTokens(StrEnum):
    """What is known of the tokens of one database that are older than the rotation, from one that was tried."""

    WATCHED = "watched"
    """They still work, or nobody knows yet; one is being tried again and again."""
    REFUSED = "refused"
    """Proven: the database refuses one because it was revoked."""
    STILL_WORK = "still_work"
    """One worked when the watch ended."""
    UNKNOWN = "unknown"
    """Nothing was proven; the finding says why."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What is known of the old tokens of one database."""

    database: str
    database_id: str
    tokens: OldTokens
    at: datetime | None = None
    """When it was seen."""
    why: str = ""
    """For `UNKNOWN`: one plain sentence without its full stop."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What is known of the old tokens of the target, and of one other database of its group."""

    sent_at: datetime
    """Just before the rotation was sent: tokens that were minted before are old ones."""
    until: datetime
    """When the watch ends."""
    target: Finding
    sibling: Finding | None = None
    """None: the target is alone in its group, or has none."""

    @property
    def findings(self) -> Iterator[Finding]:
        """Return the target's finding, then the sibling's."""
        yield self.target
        if self.sibling is not None:
            yield self.sibling

    @property
    def is_watched(self) -> bool:
        """Return True while something may still be seen."""
        return any(one.tokens is OldTokens.WATCHED for one in self.findings)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON."""
        return {
            "sent_at": self.sent_at.isoformat(),
            "until": self.until.isoformat(),
            "target": _plain(self.target),
            "sibling": _plain(self.sibling) if self.sibling else None,
        }

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> "Proof | None":
        """Read it from the facts of a request; None: it has no proof."""
        raw = facts.get(PROOF)
        if not raw:
            return None
        return cls(
            sent_at=datetime.fromisoformat(raw["sent_at"]),
            until=datetime.fromisoformat(raw["until"]),
            target=_finding(raw["target"]),
            sibling=_finding(raw["sibling"]) if raw["sibling"] else None,
        )


def _plain(finding: Finding) -> dict[str, Any]:
    return asdict(finding) | {"tokens": finding.tokens.value, "at": finding.at.isoformat() if finding.at else None}


def _finding(raw: Mapping[str, Any]) -> Finding:
    at = datetime.fromisoformat(raw["at"]) if raw["at"] else None
    return Finding(raw["database"], raw["database_id"], OldTokens(raw["tokens"]), at, raw["why"])
