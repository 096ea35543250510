"""Intents: commands, clicks and forms, which are stored before the acknowledgement so that none is lost."""

from datetime import datetime

from sqlalchemy import select, update

from bot.core.ports.intents import RECORD_SECONDS
from bot.core.requests.incoming import Incoming
from bot.store.connections.database import Database
from bot.store.connections.rows import many, one, values
from bot.store.repositories.group_commit import GroupCommit
from bot.store.repositories.repository import Repository
from bot.store.schema.tables import intents

NEVER_STORED = frozenset({"trigger_id", "response_url", "modal_id"})


class Intents(Repository):
    """The stored commands, clicks and forms."""

    def __init__(self, database: Database, group: GroupCommit) -> None:
        super().__init__(database)
        self._group = group

    async def record(self, incoming: Incoming, *, actionable: bool = True, within: float = RECORD_SECONDS) -> bool:
        """Commit an intent before Slack's acknowledgement. Returns False if it is a redelivery or a repeated form.

        An intent that isn't actionable is only stored to recognize redeliveries and to fill in forms. It isn't resumed.

        Args:
            within: how many seconds to wait, if it is actionable. Otherwise there is no time limit.
        Raises:
            NotRecorded: the store failed or didn't respond in time. The intent was not and will not be stored.
            Unavailable: (any other) the store failed while the process was stopping. The intent may be stored.
        """
        row = values(incoming, without=NEVER_STORED) | {"values": dict(incoming.values), "is_open": actionable}
        return await self._group.intent(row, within=within if actionable else None)

    async def get(self, intent_id: str) -> Incoming | None:
        """Return an intent, open or closed, without its short-lived fields."""
        query = select(intents).where(intents.c.id == intent_id)
        return await self._database.read(lambda connection: one(connection, Incoming, query))

    async def is_waiting(self, incoming: Incoming) -> bool:
        """Return True if an intent with the same key and the same values is stored and isn't done yet."""
        query = select(intents).where(intents.c.key == incoming.key, intents.c.is_open)
        found = await self._database.read(lambda connection: one(connection, Incoming, query))
        return found is not None and dict(found.values) == dict(incoming.values)

    async def close(self, intent_id: str) -> None:
        """Record that an intent is done: a request was created, the person got a reply, or a bug prevents both."""
        query = update(intents).where(intents.c.id == intent_id, intents.c.is_open).values(is_open=False)
        await self._database.write(lambda connection: connection.execute(query))

    async def find_open(self, *, before: datetime) -> list[Incoming]:
        """Return up to 1,000 unfinished intents from before a time, oldest first."""
        query = select(intents).where(intents.c.is_open, intents.c.at < before).order_by(intents.c.at).limit(1000)
        return await self._database.read(lambda connection: many(connection, Incoming, query))
