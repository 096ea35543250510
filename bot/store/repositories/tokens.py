"""The ledger of tokens issued by Turso Ops: everything about a token except the token itself."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, or_, select, update

from bot.core.records.tokens import LedgerToken, TokenState
from bot.store.connections.rows import many, values
from bot.store.repositories.name_lists import any_of
from bot.store.repositories.repository import Repository
from bot.store.schema.tables import tokens

MAY_WORK = (TokenState.MINTING, TokenState.LIVE, TokenState.UNKNOWN, TokenState.REVOKED)
OVER = (TokenState.REVOKED, TokenState.ENDED)


class Tokens(Repository):
    """The tokens issued by Turso Ops."""

    async def add(self, token: LedgerToken) -> None:
        """Record a token before the call that mints it."""
        await self._database.write(lambda connection: connection.execute(tokens.insert().values(**values(token))))

    async def settle(self, token_id: str, state: TokenState, *, fingerprint: str = "") -> None:
        """Set the state of a token after the call.

        A token that was revoked or has ended in the meantime isn't changed, so its fingerprint isn't stored either.
        """
        changes = {"state": state} | ({"fingerprint": fingerprint} if fingerprint else {})
        query = update(tokens).where(tokens.c.id == token_id, tokens.c.state.not_in(OVER)).values(changes)
        await self._database.write(lambda connection: connection.execute(query))

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

        `live_at` selects tokens that may work at that time, or are being minted.
        """
        query = select(tokens).where(tokens.c.organization == organization)
        if holder is not None:
            query = query.where(tokens.c.holder == holder)
        if live_at is not None:
            not_expired = or_(tokens.c.expires_at.is_(None), tokens.c.expires_at > live_at)
            query = query.where(tokens.c.state.in_(MAY_WORK), not_expired)
        query = query.order_by(tokens.c.minted_at.desc(), tokens.c.id).limit(limit)

        def work(connection: Connection) -> list[LedgerToken]:
            ids = database_ids
            of_these = query if ids is None else query.where(any_of(connection, tokens.c.database_id, ids))
            return many(connection, LedgerToken, of_these)

        return await self._database.read(work)
