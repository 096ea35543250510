"""The proof that a rotation has revoked old tokens, from probe tokens. It is stored in a request's facts."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

PROOF: Final = "proof"
"""The proof's key in a request's facts."""
WATCHED_FOR: Final = timedelta(minutes=65)
"""How long probe tokens are tried. Turso documents that old tokens lose access within an hour."""


class OldTokens(StrEnum):
    """What a probe token shows about the older tokens of a database."""

    WATCHED = "watched"
    """They still work, or it isn't known yet. A probe token is tried repeatedly."""
    REFUSED = "refused"
    """The database rejects a probe token because it was revoked."""
    STILL_WORK = "still_work"
    """A probe token still worked at the end of the watch."""
    UNKNOWN = "unknown"
    """Nothing was proven, for the reason in `why`."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The finding about the old tokens of one database."""

    database: str
    database_id: str
    tokens: OldTokens
    at: datetime | None = None
    """When this was found. None while the result is open, or if there was no probe token."""
    why: str = ""
    """The reason for `UNKNOWN`: one plain sentence without its full stop."""


@dataclass(frozen=True, slots=True)
class Proof:
    """The findings about the target and one other database in its group."""

    sent_at: datetime
    """The time just before the rotation was sent. Tokens minted earlier are old.

    If that time isn't known, for example after a crash, the time of the first findings.
    """
    until: datetime
    """When the watch ends."""
    target: Finding
    sibling: Finding | None = None
    """None if the target's group has no other database, or there is no group."""
    accepted: bool = True
    """False if Turso refused the rotation or its response is unknown, and it was the second operation of its request.

    If the rotation was the first operation, the request's state shows this instead.
    """

    @property
    def findings(self) -> Iterator[Finding]:
        """Yield the target's finding, then the sibling's."""
        yield self.target
        if self.sibling is not None:
            yield self.sibling

    @property
    def is_watched(self) -> bool:
        """Return True while a probe token is still being tried."""
        return any(one.tokens is OldTokens.WATCHED for one in self.findings)

    @property
    def is_proven(self) -> bool:
        """Return True if it was verified that the target rejects an old token."""
        return self.target.tokens is OldTokens.REFUSED

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON."""
        return {
            "sent_at": self.sent_at.isoformat(),
            "until": self.until.isoformat(),
            "target": _plain(self.target),
            "sibling": _plain(self.sibling) if self.sibling else None,
            "accepted": self.accepted,
        }

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> "Proof | None":
        """Create a proof from a request's facts. None if they contain none."""
        raw = facts.get(PROOF)
        if not raw:
            return None
        return cls(
            sent_at=datetime.fromisoformat(raw["sent_at"]),
            until=datetime.fromisoformat(raw["until"]),
            target=_finding(raw["target"]),
            sibling=_finding(raw["sibling"]) if raw["sibling"] else None,
            accepted=raw.get("accepted", True),
        )


def _plain(finding: Finding) -> dict[str, Any]:
    return asdict(finding) | {"tokens": finding.tokens.value, "at": finding.at.isoformat() if finding.at else None}


def _finding(raw: Mapping[str, Any]) -> Finding:
    at = datetime.fromisoformat(raw["at"]) if raw["at"] else None
    return Finding(raw["database"], raw["database_id"], OldTokens(raw["tokens"]), at, raw["why"])
