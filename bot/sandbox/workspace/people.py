"""The Web API's objects for people, user groups and channels, which events contain, too."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from bot.sandbox.workspace.ids import as_seconds
from bot.sandbox.workspace.model import Channel, Json, Person, UserGroup
from bot.sandbox.workspace.state import State


def as_user(state: State, person: Person, *, with_email: bool) -> Json:
    """Return the Web API's user object. People of other workspaces have no `profile.email`, even `with_email`."""
    here = person.team_id == state.team_id
    offset = state.time.now().astimezone(ZoneInfo(person.tz)).utcoffset()
    profile: Json = {
        "real_name": person.real_name,
        "real_name_normalized": person.real_name,
        "display_name": person.name,
        "display_name_normalized": person.name,
        "title": person.title,
        "team": person.team_id,
    }
    if with_email and here and person.email:
        profile["email"] = person.email
    user: Json = {
        "id": person.id,
        "team_id": person.team_id,
        "name": person.name,
        "deleted": person.deleted,
        "profile": profile,
        "is_bot": person.is_bot,
        "is_app_user": False,
        "updated": as_seconds(state.time.now()),
    }
    if person.deleted:
        return user
    user |= {
        "real_name": person.real_name,
        "tz": person.tz,
        "tz_label": person.tz,
        "tz_offset": int(offset.total_seconds()) if offset is not None else 0,
        "is_admin": person.is_admin,
        "is_owner": False,
        "is_primary_owner": False,
        "is_restricted": person.is_restricted,
        "is_ultra_restricted": person.is_ultra_restricted,
        "is_email_confirmed": True,
    }
    if person.is_invited_user:
        user["is_invited_user"] = True
    if not here:
        user["is_stranger"] = person.is_stranger
    if person.enterprise_id:
        user["enterprise_user"] = {
            "id": person.enterprise_user_id or person.id,
            "enterprise_id": person.enterprise_id,
            "teams": [person.team_id],
        }
    return user


def as_usergroup(state: State, group: UserGroup, *, with_users: bool, with_count: bool) -> Json:
    """Return the Web API's user group object. `with_users` adds the members, and `with_count` their number."""
    usergroup: Json = {
        "id": group.id,
        "team_id": state.team_id,
        "is_usergroup": True,
        "is_subteam": True,
        "name": group.name,
        "description": group.description,
        "handle": group.handle,
        "is_external": False,
        "date_delete": as_seconds(state.time.now()) if group.disabled else 0,
        "prefs": {"channels": [], "groups": []},
    }
    if with_users:
        usergroup["users"] = list(group.users)
    if with_count:
        usergroup["user_count"] = len(group.users)
    return usergroup


def as_channel(state: State, channel: Channel, *, with_count: bool = False) -> Json:
    """Return the Web API's conversation object. `with_count` adds the number of active members."""
    member = state.app.bot_user_id in channel.members
    conversation: Json = {
        "id": channel.id,
        "created": as_seconds(channel.created),
        "updated": as_seconds(channel.created) * 1000,
        "is_im": channel.is_im,
        "is_mpim": channel.is_mpim,
        "is_archived": channel.is_archived,
        "is_org_shared": channel.is_org_shared,
        "context_team_id": state.team_id,
    }
    if with_count:
        conversation["num_members"] = len(state.active_members(channel))
    if channel.is_im:
        other = next((each for each in channel.members if each != state.app.bot_user_id), "")
        return conversation | {"user": other, "is_user_deleted": state.people[other].deleted if other else False}
    return conversation | {
        "name": channel.name,
        "name_normalized": channel.name,
        "creator": channel.creator,
        "is_channel": not channel.is_private,
        "is_group": channel.is_private and channel.id.startswith("G"),
        "is_private": channel.is_private,
        "is_general": channel.is_general,
        "is_member": member,
        "is_shared": channel.is_ext_shared or channel.is_org_shared,
        "is_ext_shared": channel.is_ext_shared,
        "is_pending_ext_shared": channel.is_pending_ext_shared,
        "pending_shared": list(channel.pending_team_ids),
        "pending_connected_team_ids": list(channel.pending_team_ids),
        "parent_conversation": None,
        "unlinked": 0,
        "connected_team_ids": list(channel.connected_team_ids),
        "shared_team_ids": [state.team_id, *channel.connected_team_ids],
        "topic": {"value": channel.topic, "creator": "", "last_set": 0},
        "purpose": {"value": channel.purpose, "creator": "", "last_set": 0},
        "previous_names": [],
    }
