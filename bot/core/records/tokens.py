"""The ledger of tokens issued by Turso Ops. It never contains a token."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class TokenState(StrEnum):
    """What is known about a token that Turso Ops minted."""

    MINTING = "minting"
    LIVE = "live"
    UNKNOWN = "unknown"
    """It isn't known whether Turso minted the token, or whether its requester saw it. Nobody else can have seen it."""
    REVOKED = "revoked"
    """Turso accepted a rotation, but it hasn't been verified yet that the database rejects the token."""
    ENDED = "ended"
    """It was verified that the database rejects the token after a rotation, or the database no longer exists."""
    REFUSED = "refused"
    """Turso refused to mint the token."""


@dataclass(frozen=True, slots=True)
class LedgerToken:
    """An entry of the ledger: everything about a token except the token itself."""

    id: str
    request_id: str
    organization: str
    database: str
    database_id: str
    group: str | None
    read_only: bool
    holder: str
    channel_id: str
    minted_at: datetime
    expires_at: datetime | None
    """None if it never expires."""
    fingerprint: str = ""
    """The first 16 hex digits of the token's SHA-256."""
    state: TokenState = TokenState.MINTING
