"""The payloads of commands, clicks, modals and shortcuts, with Slack's fields."""

from __future__ import annotations

from bot.sandbox.workspace.model import Channel, Json, Message, Person, View
from bot.sandbox.workspace.state import State


def slash_command(state: State, person: Person, channel: Channel, command: str, text: str) -> Json:
    """Return the flat fields of a slash command, with a fresh `trigger_id` and `response_url`."""
    now = state.time.now()
    hook = state.hooks.issue("commands", state.team_id, person.id, channel.id, now)
    fields = {
        "token": "legacy",
        "team_id": state.team_id,
        "team_domain": state.domain,
        "channel_id": channel.id,
        "channel_name": channel.name_in_payloads,
        "user_id": person.id,
        "user_name": person.name,
        "command": command,
        "text": text,
        "api_app_id": state.app.app_id,
        "is_enterprise_install": "true" if state.org_wide else "false",  # other payloads have a boolean
        "response_url": f"{state.origin}/{hook.path}",
        "trigger_id": state.triggers.issue(person.id, now),
    }
    if state.enterprise_id:
        fields |= {"enterprise_id": state.enterprise_id, "enterprise_name": state.team_name}
    return fields


def interaction(state: State, kind: str, person: Person) -> Json:
    """Return the fields with which every interactive payload starts."""
    team: Json | None = {"id": person.team_id, "domain": state.domain if _at_home(state, person) else "partner"}
    return {
        "type": kind,
        "user": {"id": person.id, "username": person.name, "name": person.name, "team_id": _home(state, person, kind)},
        "api_app_id": state.app.app_id,
        "token": "legacy",
        "team": None if state.org_wide else team,
        "enterprise": {"id": state.enterprise_id, "name": state.team_name} if state.enterprise_id else None,
        "is_enterprise_install": state.org_wide,
    }


def in_message(state: State, message: Message, *, attachment: int | None = None) -> Json:
    """Return the fields for a click in a message, or in its attachment with this number (from 1).

    For an ephemeral message, the field `message` is absent.
    """
    channel = state.channels[message.channel_id]
    container: Json = {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": message.channel_id,
        "is_ephemeral": message.is_ephemeral,
    }
    if attachment is not None:
        container |= {"type": "message_attachment", "attachment_id": attachment, "is_app_unfurl": False}
    if message.thread_ts:
        container["thread_ts"] = message.thread_ts
    where: Json = {"container": container, "channel": {"id": channel.id, "name": channel.name_in_payloads}}
    return where if message.is_ephemeral else where | {"message": message.as_slack()}


def in_view(view: View) -> Json:
    """Return the fields for an action in a modal or in Home."""
    return {"container": {"type": "view", "view_id": view.id}, "view": view.as_slack()}


def response_url(state: State, person: Person, message: Message) -> str:
    """Return a new `response_url` for a click in this message."""
    hook = state.hooks.issue(
        "actions", state.team_id, person.id, message.channel_id, state.time.now(),
        source_ts=message.ts, source_is_ephemeral=message.is_ephemeral,
    )  # fmt: skip
    return f"{state.origin}/{hook.path}"


def _home(state: State, person: Person, kind: str) -> str:
    """Return the ID of the person's team, or of the organization for suggestions if the app is installed org-wide."""
    if kind == "block_suggestion" and state.org_wide and person.enterprise_id:
        return person.enterprise_id
    return person.team_id


def _at_home(state: State, person: Person) -> bool:
    return person.team_id == state.team_id
