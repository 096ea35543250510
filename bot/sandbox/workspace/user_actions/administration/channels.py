"""What an administrator can do to a channel, such as create, archive, rename, delete, share, and restrict posting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.sandbox.workspace.ids import as_seconds
from bot.sandbox.workspace.model import Channel, Json, Posting
from bot.sandbox.workspace.user_actions.administration.base import Administration, Deliveries, kind_of


class ChannelAdmin(Administration):
    """Changes channels."""

    def create_channel(self, channel_id: str, name: str, members: Sequence[str], *, private: bool = False) -> Channel:
        """Create a channel. The first of `members` counts as its creator."""
        channel = Channel(
            id=channel_id, name=name, created=self._state.time.now(), creator=members[0] if members else "",
            members=list(members), is_private=private,
        )  # fmt: skip
        self._state.channels[channel_id] = channel
        self._changed(channel)
        return channel

    async def archive(self, channel_id: str, by: str = "") -> Deliveries:
        """Archive a channel: people and the app can still read it, but not post or edit messages in it."""
        return await self._set_archived(channel_id, by, archived=True)

    async def unarchive(self, channel_id: str, by: str = "") -> Deliveries:
        return await self._set_archived(channel_id, by, archived=False)

    async def delete_channel(self, channel_id: str) -> Deliveries:
        """Delete a channel and its messages. From now on, calls get `channel_not_found`."""
        channel = self._state.channels.pop(channel_id)
        self._state.messages.pop(channel_id, None)
        self._changed(channel)
        return await self._about(channel, {"type": f"{kind_of(channel)}_deleted", "channel": channel_id})

    async def rename(self, channel_id: str, name: str) -> Deliveries:
        channel = self._state.channels[channel_id]
        channel.name = name
        self._changed(channel)
        about = {"id": channel_id, "name": name, "created": as_seconds(channel.created)}
        return await self._about(channel, {"type": f"{kind_of(channel)}_rename", "channel": about})

    def restrict_posting(self, channel_id: str, posting: Posting) -> None:
        """Set who may post in a channel."""
        self._state.channels[channel_id].posting = posting
        self._changed(self._state.channels[channel_id])

    # -- other companies

    async def share(self, channel_id: str, team_id: str, *, pending: bool = False) -> Deliveries:
        """Share a channel with another company. With `pending`, the company is invited but hasn't accepted yet."""
        channel = self._state.channels[channel_id]
        channel.pending_team_ids = [each for each in channel.pending_team_ids if each != team_id]
        if pending:
            channel.pending_team_ids.append(team_id)
        elif team_id not in channel.connected_team_ids:
            channel.connected_team_ids.append(team_id)
        self._set_shared(channel)
        if pending:
            return ()
        event = {"type": "channel_shared", "connected_team_id": team_id, "channel": channel_id}
        return await self._about(channel, event)

    async def unshare(self, channel_id: str, team_id: str) -> Deliveries:
        """Stop sharing a channel with a company, or withdraw the invitation. The company's people leave the channel."""
        channel = self._state.channels[channel_id]
        was_connected = team_id in channel.connected_team_ids
        channel.pending_team_ids = [each for each in channel.pending_team_ids if each != team_id]
        channel.connected_team_ids = [each for each in channel.connected_team_ids if each != team_id]
        theirs = {person.id for person in self._state.people.values() if person.team_id == team_id}
        channel.members = [each for each in channel.members if each not in theirs]
        self._set_shared(channel)
        if not was_connected:
            return ()
        event: Json = {"type": "channel_unshared", "channel": channel_id, "is_ext_shared": channel.is_ext_shared,
                       "previously_connected_team_id": team_id}  # fmt: skip
        return await self._about(channel, event)

    async def change_id(self, old: str, new: str) -> Deliveries:
        """Change the ID of a channel, as Slack does when a private channel is shared. Its messages are kept."""
        channel = self._state.channels.pop(old)
        channel.id = new
        self._state.channels[new] = channel
        moved = self._state.messages.pop(old, {})
        self._state.messages[new] = {ts: replace(each, channel_id=new) for ts, each in moved.items()}
        self._changed(channel)
        return await self._about(channel, {"type": "channel_id_changed", "old_channel_id": old, "new_channel_id": new})

    # -- details

    async def _set_archived(self, channel_id: str, by: str, *, archived: bool) -> Deliveries:
        channel = self._state.channels[channel_id]
        channel.is_archived = archived
        self._changed(channel)
        word = "archive" if archived else "unarchive"
        return await self._about(channel, {"type": f"{kind_of(channel)}_{word}", "channel": channel_id, "user": by})

    def _set_shared(self, channel: Channel) -> None:
        channel.is_ext_shared = bool(channel.connected_team_ids)
        channel.is_pending_ext_shared = bool(channel.pending_team_ids)
        self._changed(channel)
