"""The endpoints of where databases live: groups and locations."""

from collections.abc import Sequence

from bot.turso import answers
from bot.turso.calls import Calls, readable
from bot.turso.errors import TursoRejected
from bot.turso.models import Group, Location

GROUPS = "/v1/organizations/{organization}/groups"
GROUP = GROUPS + "/{group}"


class PlaceEndpoints(Calls):
    """Groups and locations, read only."""

    async def groups(self) -> list[Group]:
        """Return the groups of the organization.

        Source: https://docs.turso.tech/api-reference/groups/list
        """
        return readable(answers.groups, await self._get(GROUPS))

    async def group(self, name: str) -> Group:
        """Return one group.

        Raises:
            GroupNotFound: no such group (404).
        Source: https://docs.turso.tech/api-reference/groups/retrieve
        """
        return readable(answers.group, await self._get(GROUP, group=name))

    async def groups_if_any(self) -> list[Group]:
        """Return the groups; none where the API has no groups (2023)."""
        try:
            return await self.groups()
        except TursoRejected as refused:
            if refused.status != 404:
                raise
            return []

    async def default_group(self) -> str | None:
        """Return the group to create in when nobody names one; see `default_of`."""
        return default_of(await self.groups_if_any())

    async def locations(self) -> list[Location]:
        """Return the location codes with what people call them.

        Source: https://docs.turso.tech/api-reference/locations/list
        """
        return readable(answers.locations, await self._get("/v1/locations"))


def default_of(groups: Sequence[Group]) -> str | None:
    """Return the group to create in when nobody names one: `default`, or the only one there is; None: neither."""
    names = [group.name for group in groups]
    return "default" if "default" in names else names[0] if len(names) == 1 else None
