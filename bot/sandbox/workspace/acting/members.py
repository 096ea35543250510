"""What an administrator changes: members, channels, accounts, groups, and the app itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.sandbox.workspace.delivery.courier import Courier
from bot.sandbox.workspace.delivery.events import Events
from bot.sandbox.workspace.delivery.parcel import Parcel
from bot.sandbox.workspace.ids import as_seconds, new_id
from bot.sandbox.workspace.model import Channel, Json, Person
from bot.sandbox.workspace.people import as_user
from bot.sandbox.workspace.records import Change, Delivery
from bot.sandbox.workspace.state import State

Told = tuple[Delivery, ...]


class Members:
    """Each method changes the workspace and sends the app the event that it subscribed to."""

    def __init__(self, state: State, events: Events, courier: Courier) -> None:
        self._state, self._events, self._courier = state, events, courier

    # -- channels

    def create_channel(self, channel_id: str, name: str, members: Sequence[str], *, private: bool = False) -> Channel:
        """A new channel, made now by its first member."""
        channel = Channel(
            id=channel_id, name=name, created=self._state.time.now(), creator=members[0] if members else "",
            members=list(members), is_private=private,
        )  # fmt: skip
        self._state.channels[channel_id] = channel
        self._changed(channel)
        return channel

    async def join(self, person_id: str, channel_id: str) -> Told:
        channel = self._state.channels[channel_id]
        if person_id not in channel.members:
            channel.members.append(person_id)
        self._changed(channel)
        return await self._membership("member_joined_channel", person_id, channel)

    async def leave(self, person_id: str, channel_id: str) -> Told:
        channel = self._state.channels[channel_id]
        if person_id in channel.members:
            channel.members.remove(person_id)
        self._changed(channel)
        return await self._membership("member_left_channel", person_id, channel)

    async def archive(self, channel_id: str, by: str) -> Told:
        channel = self._state.channels[channel_id]
        channel.is_archived = True
        self._changed(channel)
        return await self._about(channel, {"type": "channel_archive", "channel": channel_id, "user": by})

    async def rename(self, channel_id: str, name: str) -> Told:
        channel = self._state.channels[channel_id]
        channel.name = name
        self._changed(channel)
        about = {"id": channel_id, "name": name, "created": as_seconds(channel.created)}
        return await self._about(channel, {"type": "channel_rename", "channel": about})

    async def share(self, channel_id: str, team_id: str) -> Told:
        """Connect a channel with another organization."""
        channel = self._state.channels[channel_id]
        channel.is_ext_shared = True
        channel.connected_team_ids.append(team_id)
        self._changed(channel)
        event = {"type": "channel_shared", "connected_team_id": team_id, "channel": channel_id}
        return await self._about(channel, event)

    async def unshare(self, channel_id: str, team_id: str) -> Told:
        channel = self._state.channels[channel_id]
        channel.connected_team_ids.remove(team_id)
        channel.is_ext_shared = bool(channel.connected_team_ids)
        self._changed(channel)
        event: Json = {"type": "channel_unshared", "channel": channel_id, "is_ext_shared": channel.is_ext_shared,
                       "previously_connected_team_id": team_id}  # fmt: skip
        return await self._about(channel, event)

    async def change_id(self, old: str, new: str) -> Told:
        """As happens when a private channel is shared: the same channel answers to another id."""
        channel = self._state.channels.pop(old)
        channel.id = new
        self._state.channels[new] = channel
        moved = self._state.messages.pop(old, {})
        self._state.messages[new] = {ts: replace(each, channel_id=new) for ts, each in moved.items()}
        self._changed(channel)
        return await self._about(channel, {"type": "channel_id_changed", "old_channel_id": old, "new_channel_id": new})

    # -- people and groups

    async def update_person(self, person: Person) -> Told:
        """Store a changed (or new) person: deactivated, a guest now, renamed."""
        self._state.people[person.id] = person
        self._state.changes.publish(Change(kind="person"))
        user = as_user(self._state, person, with_email=self._state.app.has("users:read.email"))
        return await self._events.send({"type": "user_change", "user": user})

    async def set_group(self, group_id: str, users: Sequence[str]) -> Told:
        """Change who is in a user group."""
        group = self._state.usergroups[group_id]
        before, group.users = group.users, list(users)
        self._state.changes.publish(Change(kind="person"))
        event: Json = {
            "type": "subteam_members_changed",
            "subteam_id": group_id,
            "team_id": self._state.team_id,
            "added_users": [each for each in users if each not in before],
            "removed_users": [each for each in before if each not in users],
        }
        return await self._events.send(event)

    # -- the app

    async def uninstall(self) -> Told:
        """Remove the app: its tokens are revoked, and it is told."""
        revoked = await self._events.send({"type": "tokens_revoked", "tokens": {"bot": [self._state.app.bot_user_id]}})
        gone = await self._events.send({"type": "app_uninstalled"})
        self._state.installed = False
        for kind in ("bot", "app"):
            self._state.tokens.refuse(kind, "account_inactive")
        return revoked + gone

    async def verify_url(self) -> Delivery:
        """The challenge by which Slack checks a request URL."""
        payload = {"token": "legacy", "type": "url_verification", "challenge": new_id("Ch")}
        return await self._courier.deliver(Parcel(form="events_api", kind="url_verification", payload=payload))

    async def check_ssl(self) -> Delivery:
        """The empty form by which Slack checks a certificate now and then."""
        payload = {"ssl_check": "1", "token": "legacy"}
        return await self._courier.deliver(Parcel(form="slash_commands", kind="ssl_check", payload=payload))

    # -- details

    async def _membership(self, kind: str, person_id: str, channel: Channel) -> Told:
        person = self._state.people.get(person_id)
        event: Json = {"type": kind, "user": person_id, "channel": channel.id,
                       "channel_type": "G" if channel.is_private else "C",
                       "team": person.team_id if person else self._state.team_id}  # fmt: skip
        return await self._about(channel, event)

    async def _about(self, channel: Channel, event: Json) -> Told:
        return await self._events.send(event, channel_id=channel.id)

    def _changed(self, channel: Channel) -> None:
        self._state.changes.publish(Change(kind="channel", channel_id=channel.id))
