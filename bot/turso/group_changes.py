"""The endpoints that change groups."""

from bot.turso import answers
from bot.turso.calls import read_body
from bot.turso.errors import OutcomeUnknown
from bot.turso.models import Group
from bot.turso.places import GROUP, PlaceEndpoints


class GroupChanges(PlaceEndpoints):
    """Methods that change groups.

    Each may raise `TursoUnavailable` and every kind of `TursoRejected`, such as `TursoUnauthorized`, `TursoForbidden`
    and `TursoRateLimited`, even if its docstring doesn't list them.
    """

    async def unarchive_group(self, name: str) -> Group:
        """Wake an archived group, with all its databases, and return it. A group that is awake stays as it is.

        The databases may take a while to respond: see `is_served`. A single database of a group can't be woken.

        Raises:
            GroupNotFound: no such group (404).
            NotSent: nothing was changed.
            OutcomeUnknown: the group may be awake.
            TursoUnavailable: (any other) Turso accepted the change, but neither the response nor the group can be read.
        Source: https://docs.turso.tech/api-reference/groups/unarchive
        """
        body = await self._change("POST", GROUP + "/unarchive", {"group": name})
        try:
            return read_body(answers.group, body, writes=True)
        except OutcomeUnknown:  # the status showed success, so only the body is unreadable
            return await self.group(name)
