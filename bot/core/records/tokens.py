"""The ledger of the tokens issued by Turso Ops: everything about them but the token."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class TokenState(StrEnum):
    """What we know of a token that we minted."""

    MINTING = "minting"
    LIVE = "live"
    UNKNOWN = "unknown"
    """The call's outcome is not known: it may exist until its expiry, delivered to nobody."""
    REVOKED = "revoked"
    """Turso has accepted a rotation; the database was not seen to refuse it yet."""
    ENDED = "ended"
    """Proven to be refused after a rotation, or its database is gone."""
    REFUSED = "refused"
    """Turso refused to mint it."""


@dataclass(frozen=True, slots=True)
class LedgerToken:
    """A token that we minted: everything about it but the token."""

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
    """None: never."""
    fingerprint: str = ""
    """The first 16 hex digits of the token's SHA-256."""
    state: TokenState = TokenState.MINTING
