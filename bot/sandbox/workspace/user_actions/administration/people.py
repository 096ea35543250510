"""What an administrator can do to an account: deactivate, make a guest or a full member, rename."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bot.sandbox.workspace.model import Person
from bot.sandbox.workspace.people import as_user
from bot.sandbox.workspace.user_actions.administration.base import Administration, Deliveries


class PeopleAdmin(Administration):
    """Changes people's accounts. The app gets `user_change` for each change."""

    async def update_person(self, person: Person) -> Deliveries:
        """Store a new person, or the new state of a known one."""
        self._state.people[person.id] = person
        self._people_changed()
        user = as_user(self._state, person, with_email=self._state.app.has("users:read.email"))
        return await self._events.send({"type": "user_change", "user": user})

    async def deactivate(self, person_id: str) -> Deliveries:
        """Deactivate an account. Until it is reactivated, the person can do nothing and isn't an active member."""
        return await self._with(person_id, deleted=True)

    async def reactivate(self, person_id: str) -> Deliveries:
        return await self._with(person_id, deleted=False)

    async def make_guest(self, person_id: str, *, single_channel: bool = False) -> Deliveries:
        """Make a person a multi-channel or single-channel guest. They stay in the channels that they are in."""
        return await self._with(person_id, is_restricted=True, is_ultra_restricted=single_channel)

    async def make_full_member(self, person_id: str) -> Deliveries:
        return await self._with(person_id, is_restricted=False, is_ultra_restricted=False)

    async def rename_person(self, person_id: str, real_name: str, *, name: str | None = None) -> Deliveries:
        """Change a person's real name, and also the `@name` if one is given."""
        return await self._with(person_id, real_name=real_name, name=name or self._state.people[person_id].name)

    async def _with(self, person_id: str, **changes: Any) -> Deliveries:
        return await self.update_person(replace(self._state.people[person_id], **changes))
