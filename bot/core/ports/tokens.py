"""Protocols for the ledger of tokens issued by Turso Ops."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from bot.core.records.tokens import LedgerToken, TokenState


class ReadTokens(Protocol):
    """Reads the ledger."""

    async def find(
        self,
        *,
        organization: str,
        database_ids: Sequence[str] | None = None,
        holder: str | None = None,
        live_at: datetime | None = None,
        limit: int | None = None,
    ) -> list[LedgerToken]:
        """Return the matching tokens, newest first.

        `live_at` selects tokens that may work at that time, including those that are being minted.
        """


class Tokens(ReadTokens, Protocol):
    """Reads and changes the ledger."""

    async def add(self, token: LedgerToken) -> None:
        """Store a token before the call that mints it."""

    async def settle(self, token_id: str, state: TokenState, *, fingerprint: str = "") -> None:
        """Store a token's state after the call.

        A token that was revoked or has ended in the meantime isn't changed, so its fingerprint isn't stored either.
        """
