"""Lets an administrator add people and the app to channels, and remove them."""

from __future__ import annotations

from bot.sandbox.workspace.model import Channel, Json
from bot.sandbox.workspace.user_actions.administration.base import Administration, Deliveries, kind_of


class MembershipAdmin(Administration):
    """Adds and removes members."""

    async def join(self, person_id: str, channel_id: str) -> Deliveries:
        """Add a person (or the app) to a channel."""
        channel = self._state.channels[channel_id]
        if person_id not in channel.members:
            channel.members.append(person_id)
        self._changed(channel)
        return await self._membership("member_joined_channel", person_id, channel)

    async def leave(self, person_id: str, channel_id: str) -> Deliveries:
        """Remove a person (or the app) from a channel."""
        channel = self._state.channels[channel_id]
        if person_id in channel.members:
            channel.members.remove(person_id)
        self._changed(channel)
        left = await self._membership("member_left_channel", person_id, channel)
        if person_id != self._state.app.bot_user_id:
            return left
        return left + await self._about(channel, {"type": f"{kind_of(channel)}_left", "channel": channel_id})

    async def invite_app(self, channel_id: str) -> Deliveries:
        """Add the app to a channel, as `/invite` does."""
        return await self.join(self._state.app.bot_user_id, channel_id)

    async def remove_app(self, channel_id: str) -> Deliveries:
        """Remove the app from a channel.

        Calls that need membership then get `not_in_channel`, or `channel_not_found` if the channel is private.
        """
        return await self.leave(self._state.app.bot_user_id, channel_id)

    async def _membership(self, kind: str, person_id: str, channel: Channel) -> Deliveries:
        person = self._state.people.get(person_id)
        event: Json = {"type": kind, "user": person_id, "channel": channel.id,
                       "channel_type": "G" if channel.is_private else "C",
                       "team": person.team_id if person else self._state.team_id}  # fmt: skip
        return await self._about(channel, event)
