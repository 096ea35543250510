"""What an administrator can change about a user group: its members, and whether it is enabled."""

from __future__ import annotations

from collections.abc import Sequence

from bot.sandbox.workspace.model import Json
from bot.sandbox.workspace.people import as_usergroup
from bot.sandbox.workspace.user_actions.administration.base import Administration, Deliveries


class GroupAdmin(Administration):
    """Changes user groups."""

    async def set_group(self, group_id: str, users: Sequence[str]) -> Deliveries:
        """Set the members of a user group."""
        group = self._state.usergroups[group_id]
        before, group.users = group.users, list(users)
        self._people_changed()
        event: Json = {
            "type": "subteam_members_changed",
            "subteam_id": group_id,
            "team_id": self._state.team_id,
            "added_users": [each for each in users if each not in before],
            "removed_users": [each for each in before if each not in users],
        }
        return await self._events.send(event)

    async def add_to_group(self, group_id: str, person_id: str) -> Deliveries:
        users = self._state.usergroups[group_id].users
        return await self.set_group(group_id, [*(each for each in users if each != person_id), person_id])

    async def remove_from_group(self, group_id: str, person_id: str) -> Deliveries:
        users = self._state.usergroups[group_id].users
        return await self.set_group(group_id, [each for each in users if each != person_id])

    async def disable_group(self, group_id: str) -> Deliveries:
        """Disable a user group.

        Without `include_disabled`, `usergroups.list` then leaves it out, and `usergroups.users.list` gets
        `no_such_subteam`.
        """
        return await self._set_disabled(group_id, disabled=True)

    async def enable_group(self, group_id: str) -> Deliveries:
        return await self._set_disabled(group_id, disabled=False)

    async def _set_disabled(self, group_id: str, *, disabled: bool) -> Deliveries:
        group = self._state.usergroups[group_id]
        group.disabled = disabled
        self._people_changed()
        described = as_usergroup(self._state, group, with_users=True, with_count=True)
        return await self._events.send({"type": "subteam_updated", "subteam": described})
