"""The ledger of the tokens issued by Turso Ops."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from bot.core.records.tokens import LedgerToken, TokenState


class ReadTokens(Protocol):
    """The ledger, to read."""

    async def find(
        self,
        *,
        organization: str,
        database_ids: Sequence[str] | None = None,
        holder: str | None = None,
        live_at: datetime | None = None,
        limit: int | None = None,
    ) -> list[LedgerToken]:
        """Return all that match, newest first; `live_at`: only those that may work then."""


class Tokens(ReadTokens, Protocol):
    """The ledger, to read and to change."""

    async def add(self, token: LedgerToken) -> None:
        """Record a token before the call that mints it."""

    async def settle(self, token_id: str, state: TokenState, *, fingerprint: str = "") -> None:
        """Record what became of it. A token that was revoked or has expired meanwhile stays so."""
