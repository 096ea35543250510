"""The data of a workspace: people, channels, user groups, messages and views."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Json = dict[str, Any]
TOMBSTONE = "tombstone"
Posting = Literal["everybody", "admins", "threads", "no_threads"]  # "threads": replies only


@dataclass(kw_only=True)
class Person:
    """The account of a person or bot. Most fields are those of `users.info`."""

    id: str
    name: str
    real_name: str
    team_id: str
    title: str = ""
    email: str | None = None
    tz: str = "Etc/UTC"
    is_admin: bool = False
    is_bot: bool = False
    is_restricted: bool = False  # a guest
    is_ultra_restricted: bool = False  # a guest of one channel
    enterprise_user_id: str = ""  # the ID in the Enterprise Grid organization, if it differs
    is_stranger: bool = False  # a member of another workspace, known from a shared channel
    is_invited_user: bool = False
    deleted: bool = False
    enterprise_id: str | None = None
    about: str = ""  # for the sandbox's web page: what visitors can try as this person

    @property
    def is_guest(self) -> bool:
        return self.is_restricted or self.is_ultra_restricted


@dataclass(kw_only=True)
class Channel:
    """A conversation of any kind. Its ID doesn't show whether it is private."""

    id: str
    name: str
    created: datetime
    creator: str = ""
    members: list[str] = field(default_factory=list)
    is_private: bool = False
    is_im: bool = False
    is_mpim: bool = False
    is_archived: bool = False
    is_ext_shared: bool = False
    is_pending_ext_shared: bool = False
    is_org_shared: bool = False
    is_general: bool = False
    connected_team_ids: list[str] = field(default_factory=list)
    pending_team_ids: list[str] = field(default_factory=list)  # invited, not yet accepted
    posting: Posting = "everybody"
    topic: str = ""
    purpose: str = ""

    @property
    def name_in_payloads(self) -> str:
        """Return the channel's name for payloads. Slack hides the names of direct messages and private channels."""
        if self.is_im:
            return "directmessage"
        if self.is_mpim:
            return self.name
        return "privategroup" if self.is_private else self.name


@dataclass(kw_only=True)
class UserGroup:
    """A user group (`S…`), mentioned as `@handle`."""

    id: str
    handle: str
    name: str
    users: list[str] = field(default_factory=list)
    disabled: bool = False
    description: str = ""


@dataclass(frozen=True, kw_only=True)
class Message:
    """One message. An edit replaces it with a new `Message`. If `only_for` is set, it is ephemeral."""

    channel_id: str
    ts: str
    user_id: str
    text: str = ""
    blocks: list[Json] = field(default_factory=list)
    attachments: list[Json] = field(default_factory=list)
    files: list[Json] = field(default_factory=list)
    thread_ts: str | None = None
    reply_broadcast: bool = False
    metadata: Json | None = None
    edited_ts: str | None = None
    bot_id: str | None = None
    app_id: str | None = None
    subtype: str | None = None
    only_for: str | None = None
    unfurl_links: bool = True
    unfurl_media: bool = True

    @property
    def is_ephemeral(self) -> bool:
        return self.only_for is not None

    @property
    def is_tombstone(self) -> bool:
        """Return whether this is the tombstone of a deleted message that has replies."""
        return self.subtype == TOMBSTONE

    @property
    def is_in_channel(self) -> bool:
        """Return whether the message is shown in the channel: it isn't a reply, or was also sent to the channel."""
        return self.thread_ts in (None, self.ts) or self.reply_broadcast

    def as_slack(self, *, with_metadata: bool = True) -> Json:
        """Return the message as it appears in Web API responses and in payloads."""
        fields: Json = {"type": "message", "user": self.user_id, "ts": self.ts, "text": self.text}
        optional = {
            "bot_id": self.bot_id,
            "app_id": self.app_id,
            "subtype": "thread_broadcast" if self.reply_broadcast else self.subtype,
            "thread_ts": self.thread_ts,
            "blocks": self.blocks,
            "attachments": self.attachments,
            "files": self.files,
            "metadata": self.metadata if with_metadata else None,
            "edited": {"user": self.user_id, "ts": self.edited_ts} if self.edited_ts else None,
        }
        return fields | {key: value for key, value in optional.items() if value}


@dataclass(frozen=True, kw_only=True)
class View:
    """A modal that is open for one person, or their Home tab. An update replaces it with a new `View`."""

    id: str
    person_id: str
    source: Json  # as the app sent it, with block IDs added
    hash: str
    values: Json = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    root_view_id: str
    previous_view_id: str | None = None
    team_id: str
    app_id: str
    bot_id: str
    trouble: str | None = None  # the error that Slack shows if a submission gets no valid response

    @property
    def type(self) -> str:
        return str(self.source.get("type", "modal"))

    @property
    def blocks(self) -> list[Json]:
        return list(self.source.get("blocks", []))

    @property
    def callback_id(self) -> str:
        return str(self.source.get("callback_id") or "")

    @property
    def external_id(self) -> str:
        return str(self.source.get("external_id") or "")

    def as_slack(self) -> Json:
        """Return the view as it appears in Web API responses and in payloads."""
        return {
            "id": self.id,
            "team_id": self.team_id,
            "type": self.type,
            "blocks": self.blocks,
            "private_metadata": self.source.get("private_metadata") or "",
            "callback_id": self.callback_id,
            "state": {"values": self.values},
            "hash": self.hash,
            "title": self.source.get("title"),
            "clear_on_close": bool(self.source.get("clear_on_close", False)),
            "notify_on_close": bool(self.source.get("notify_on_close", False)),
            "close": self.source.get("close"),
            "submit": self.source.get("submit"),
            "previous_view_id": self.previous_view_id,
            "root_view_id": self.root_view_id,
            "app_id": self.app_id,
            "external_id": self.external_id,
            "app_installed_team_id": self.team_id,
            "bot_id": self.bot_id,
        }
