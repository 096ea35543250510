"""The messages that are copies of cards of requests and branches."""

from sqlalchemy import delete, select

from bot.store.connections.rows import insert_new
from bot.store.repositories.repository import Repository
from bot.store.schema.tables import cards


class Cards(Repository):
    """The channel and `ts` of every copy of a card. The `request_id` of a branch's card is the branch's ID."""

    async def add(self, request_id: str, channel_id: str, ts: str) -> None:
        """Record a posted copy of a card."""
        row = {"request_id": request_id, "channel_id": channel_id, "ts": ts}
        await self._database.write(lambda connection: insert_new(connection, cards, row))

    async def drop(self, request_id: str, channel_id: str, ts: str) -> None:
        """Delete the record of a copy that no longer exists in Slack."""
        this = (cards.c.request_id == request_id) & (cards.c.channel_id == channel_id) & (cards.c.ts == ts)
        await self._database.write(lambda connection: connection.execute(delete(cards).where(this)))

    async def of(self, request_id: str) -> list[tuple[str, str]]:
        """Return (channel_id, ts) of every copy of a card, oldest first."""
        query = select(cards.c.channel_id, cards.c.ts).where(cards.c.request_id == request_id).order_by(cards.c.ts)
        return await self._database.read(lambda connection: [(row[0], row[1]) for row in connection.execute(query)])

    async def request_at(self, channel_id: str, ts: str) -> str | None:
        """Return the ID of the request or branch whose card a message is. None if it isn't such a card."""
        query = select(cards.c.request_id).where(cards.c.channel_id == channel_id, cards.c.ts == ts)
        return await self._database.read(lambda connection: connection.scalar(query))
