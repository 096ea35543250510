"""The endpoints that read logical databases: list, one database, instances, configuration."""

import asyncio
from collections.abc import AsyncIterator

from bot.turso import answers
from bot.turso.calls import read_body
from bot.turso.errors import OrganizationNotFound, TursoRejected, TursoUnavailable
from bot.turso.models import Configuration, Database, Group, Instance, Listed, Listing
from bot.turso.places import PlaceEndpoints
from bot.turso.refusals import not_of_turso

PAGE = 1000
CHUNK = 200
DATABASES = "/v1/organizations/{organization}/databases"
DATABASE = DATABASES + "/{database}"
INSTANCES = DATABASE + "/instances"
CONFIGURATION = DATABASE + "/configuration"


class DatabaseEndpoints(PlaceEndpoints):
    """Methods that read databases.

    Each may raise `TursoUnavailable` and every kind of `TursoRejected`, such as `TursoUnauthorized`, `TursoForbidden`
    and `TursoRateLimited`, even if its docstring doesn't list them.
    """

    async def pages(
        self, *, group: str | None = None, parent: str | None = None, limit: int = PAGE
    ) -> AsyncIterator[Listing]:
        """Yield the databases page by page, with one call per page. Turso doesn't document their order.

        Entries without a name or an ID are left out and counted.

        Args:
            group: only the databases of this group.
            parent: only the branches of the database with this `DbId`.

        Source: https://docs.turso.tech/api-reference/databases/list
        """
        cursor, seen = None, set[str]()
        while cursor is None or cursor not in seen:
            params = {"limit": str(limit)}
            params |= {"group": group} if group else {}
            params |= {"parent": parent} if parent else {}
            params |= {"cursor": cursor} if cursor else {}
            page = read_body(answers.page, await self._get(DATABASES, params=params))
            yield page.databases
            if page.next is None:
                return
            seen |= {cursor} if cursor else set()
            cursor = page.next

    async def databases(self, *, group: str | None = None, parent: str | None = None) -> list[Database]:
        """Return every database of the organization or of a group, or every branch of the `DbId` in `parent`.

        Makes one call per thousand.

        Raises:
            TursoUnavailable: an entry can't be read, so that the list would be incomplete.
        """
        databases: list[Database] = []
        async for page in self.pages(group=group, parent=parent):
            if page.left_out:
                raise TursoUnavailable(
                    "Turso's list of databases has an entry that I can't interpret, so the list is incomplete."
                )
            for start in range(0, len(page), CHUNK):
                databases += [read_body(Listed.read, one) for one in page[start : start + CHUNK]]
                await asyncio.sleep(0)  # let other tasks run while thousands of entries are parsed
        return databases

    async def listed(self, *, group: str | None = None) -> Listing:
        """Return every database with its name, group and ID. Entries that can't be read are left out and counted.

        Call `read` on one of them for its other fields.
        """
        listing = Listing()
        async for page in self.pages(group=group):
            listing += page
            listing.left_out += page.left_out
        return listing

    async def groups_if_any(self) -> list[Group]:
        """Return the groups, or an empty list if the API has no endpoint for them (404), like the 2023 API.

        A 404 alone doesn't show that: the organization may not exist, or a proxy may have responded. So the databases
        are listed, too. Without groups, none of them has one.

        Raises:
            OrganizationNotFound: Turso doesn't know the organization.
            TursoUnavailable: a database has a group, so the 404 isn't Turso's.
        """
        try:
            return await self.groups()
        except OrganizationNotFound:
            raise
        except TursoRejected as refused:
            if refused.status != 404:
                raise
            async for page in self.pages():
                if any(one.group for one in page):
                    raise not_of_turso(refused.answer, writes=False) from None
            return []

    async def database(self, name: str) -> Database:
        """Return one database.

        Raises:
            DatabaseNotFound: no such database in the organization (404).
        Source: https://docs.turso.tech/api-reference/databases/retrieve
        """
        return read_body(answers.database, await self._get(DATABASE, database=name))

    async def instances(self, name: str) -> list[Instance]:
        """Return the primary and the replicas.

        Raises:
            DatabaseNotFound: no such database (404).
        Source: https://docs.turso.tech/api-reference/databases/list-instances
        """
        return read_body(answers.instances, await self._get(INSTANCES, database=name))

    async def configuration(self, name: str) -> Configuration:
        """Return a database's blocks, delete protection and limits.

        Raises:
            DatabaseNotFound: no such database (404).
        Source: https://docs.turso.tech/api-reference/databases/configuration
        """
        return read_body(Configuration.model_validate_json, await self._get(CONFIGURATION, database=name))
