"""The endpoints for groups and locations."""

from collections.abc import Sequence

from bot.turso import answers
from bot.turso.calls import Calls, read_body
from bot.turso.models import Group, Location

GROUPS = "/v1/organizations/{organization}/groups"
GROUP = GROUPS + "/{group}"


class PlaceEndpoints(Calls):
    """Methods that read groups and locations."""

    async def groups(self) -> list[Group]:
        """Return the groups of the organization.

        Source: https://docs.turso.tech/api-reference/groups/list
        """
        return read_body(answers.groups, await self._get(GROUPS))

    async def group(self, name: str) -> Group:
        """Return one group.

        Raises:
            GroupNotFound: no such group (404).
        Source: https://docs.turso.tech/api-reference/groups/retrieve
        """
        return read_body(answers.group, await self._get(GROUP, group=name))

    async def locations(self) -> list[Location]:
        """Return the locations, with codes and labels.

        Source: https://docs.turso.tech/api-reference/locations/list
        """
        return read_body(answers.locations, await self._get("/v1/locations"))


def default_group_of(groups: Sequence[Group]) -> str | None:
    """Return the group for a new database without `--group`: `default`, or the only group.

    None if there is no group, or if there are several without a `default`.
    """
    names = [group.name for group in groups]
    return "default" if "default" in names else names[0] if len(names) == 1 else None
