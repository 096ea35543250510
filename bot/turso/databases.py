"""The endpoints that read logical databases: list, one database, instances, configuration."""

import asyncio
from collections.abc import AsyncIterator

from bot.turso import answers
from bot.turso.calls import readable
from bot.turso.errors import TursoUnavailable
from bot.turso.models import Configuration, Database, Instance, Listed, Listing
from bot.turso.places import PlaceEndpoints

PAGE = 1000
CHUNK = 200
DATABASES = "/v1/organizations/{organization}/databases"
DATABASE = DATABASES + "/{database}"
INSTANCES = DATABASE + "/instances"
CONFIGURATION = DATABASE + "/configuration"


class DatabaseEndpoints(PlaceEndpoints):
    """What is read of databases. Every method raises `TursoUnauthorized`, `TursoForbidden`, `TursoUnavailable`."""

    async def pages(self, *, group: str | None = None, limit: int = PAGE) -> AsyncIterator[Listing]:
        """Yield the databases a page at a time, in one call each, in no documented order.

        An entry that cannot be read (without a name or an id) is left out and counted.

        Source: https://docs.turso.tech/api-reference/databases/list
        """
        cursor, seen = None, set[str]()
        while cursor is None or cursor not in seen:
            params = {"limit": str(limit)}
            params |= {"group": group} if group else {}
            params |= {"cursor": cursor} if cursor else {}
            page = readable(answers.page, await self._get(DATABASES, params=params))
            yield page.databases
            if page.next is None:
                return
            seen |= {cursor} if cursor else set()
            cursor = page.next

    async def databases(self, *, group: str | None = None) -> list[Database]:
        """Return every database of the organization, or of one group: one call for each thousand.

        Raises:
            TursoUnavailable: an entry cannot be read. Who needs each and every one must not go on without it.
        """
        found: list[Database] = []
        async for page in self.pages(group=group):
            if page.left_out:
                raise TursoUnavailable("Turso listed a database that I can't read, so the list is incomplete.")
            for start in range(0, len(page), CHUNK):
                found += [readable(Listed.read, one) for one in page[start : start + CHUNK]]
                await asyncio.sleep(0)  # others run while many thousands are read
        return found

    async def listed(self, *, group: str | None = None) -> Listing:
        """Return the same by name, group and id, without what cannot be read; each can be `read` for the rest."""
        found = Listing()
        async for page in self.pages(group=group):
            found += page
            found.left_out += page.left_out
        return found

    async def database(self, name: str) -> Database:
        """Return one database.

        Raises:
            DatabaseNotFound: no such database in the organization (404).
        Source: https://docs.turso.tech/api-reference/databases/retrieve
        """
        return readable(answers.database, await self._get(DATABASE, database=name))

    async def instances(self, name: str) -> list[Instance]:
        """Return the primary and the replicas.

        Raises:
            DatabaseNotFound: no such database (404).
        Source: https://docs.turso.tech/api-reference/databases/list-instances
        """
        return readable(answers.instances, await self._get(INSTANCES, database=name))

    async def configuration(self, name: str) -> Configuration:
        """Return the switches and limits of a database.

        Raises:
            DatabaseNotFound: no such database (404).
        Source: https://docs.turso.tech/api-reference/databases/configuration
        """
        return readable(Configuration.model_validate_json, await self._get(CONFIGURATION, database=name))
