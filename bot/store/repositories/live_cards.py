"""Live cards: messages that show a database's state and are updated when it changes."""

from collections.abc import Sequence

from sqlalchemy import Connection, delete, select

from bot.core.records.notices import LiveCard
from bot.store.connections.rows import insert_newest, many, values
from bot.store.repositories.name_lists import any_of
from bot.store.repositories.repository import Repository
from bot.store.schema.tables import live_cards


class LiveCards(Repository):
    """The newest live card of each database in each channel."""

    async def add(self, card: LiveCard) -> None:
        """Record a live card. It replaces an older one of the same database in the same channel."""
        await self._database.write(lambda connection: insert_newest(connection, live_cards, [values(card)]))

    async def find(self, organization: str, databases: Sequence[str]) -> list[LiveCard]:
        """Return the live cards of some databases."""
        query = select(live_cards).where(live_cards.c.organization == organization)

        def work(connection: Connection) -> list[LiveCard]:
            return many(connection, LiveCard, query.where(any_of(connection, live_cards.c.database, databases)))

        return await self._database.read(work)

    async def drop(self, card: LiveCard) -> None:
        """Delete the record of a live card that no longer exists in Slack."""
        this = (live_cards.c.channel_id == card.channel_id) & (live_cards.c.ts == card.ts)
        await self._database.write(lambda connection: connection.execute(delete(live_cards).where(this)))
