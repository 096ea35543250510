"""Convert Slack's users and channels to `Person` and `Channel`. Unclear values reduce a person's permissions."""

from collections.abc import Mapping
from typing import Any, Final

import structlog

from bot.core.model import Channel, ChannelKind, Person
from bot.core.redaction.text_cleaning import clean
from bot.slack.lookups.installation import Installation

SLACKBOT: Final = "USLACKBOT"

log = structlog.get_logger(__name__)
Raw = Mapping[str, Any]


def unseen_channel(channel_id: str) -> Channel:
    """Return a private channel that the bot can't see. It counts as shared, because it may be."""
    return Channel(id=channel_id, is_private=True, is_ext_shared=True, bot_is_member=False)


def ids(found: object, *, of: str) -> list[str]:
    """Return the IDs in a list that Slack sent. Invalid values are left out and counted in the log, with `of`."""
    entries = found if isinstance(found, list) else []
    ids = [one for one in entries if isinstance(one, str) and one]
    if len(ids) < len(entries) or (found is not None and not isinstance(found, list)):
        log.warning("slack.left_out", of=of, count=max(1, len(entries) - len(ids)))
    return ids


def person_of(user_id: str, user: Raw, ours: Installation) -> Person:
    """Build a `Person` from a user in Slack's `users.info` or `users.list`."""
    profile = user.get("profile") if isinstance(user.get("profile"), dict) else {}
    assert isinstance(profile, dict)
    name = profile.get("display_name") or profile.get("real_name") or user.get("real_name") or user.get("name") or ""
    return Person(
        id=user_id,
        team_id=str(user.get("team_id") or ""),
        name=clean(str(name)),
        tz=str(user.get("tz") or "UTC"),
        is_bot=user_id == SLACKBOT or _any_flag(user, "is_bot", "is_app_user", "is_workflow_bot"),
        is_guest=_any_flag(user, "is_restricted", "is_ultra_restricted"),
        is_stranger=_any_flag(user, "is_stranger") or not _is_ours(user, ours),
        is_deactivated=_any_flag(user, "deleted", "is_invited_user"),
        enterprise_user_id=_enterprise_user_id(user),
    )


def _enterprise_user_id(user: Raw) -> str:
    enterprise = user.get("enterprise_user")
    user_id = enterprise.get("id") if isinstance(enterprise, dict) else None
    return user_id if isinstance(user_id, str) else ""


def _is_ours(user: Raw, ours: Installation) -> bool:
    """Return True for a user of the bot's workspace or its organization."""
    return user.get("team_id") in (ours.team_id, ours.enterprise_id or ours.team_id) or is_of_our_organization(
        user, ours
    )


def is_of_our_organization(user: Raw, ours: Installation) -> bool:
    """Return True if the user belongs to the same Enterprise organization as the bot's workspace."""
    enterprise = user.get("enterprise_user")
    if not ours.enterprise_id or not isinstance(enterprise, dict):
        return False
    return enterprise.get("enterprise_id") == ours.enterprise_id


def channel_of(channel_id: str, found: Raw) -> Channel:
    """Build a `Channel` from a conversation in Slack's `conversations.info` or `users.conversations`."""
    kind = ChannelKind.CHANNEL
    if found.get("is_im"):
        kind = ChannelKind.DM
    elif found.get("is_mpim"):
        kind = ChannelKind.GROUP_DM
    return Channel(
        id=channel_id,
        kind=kind,
        name=clean(str(found.get("name") or "")),
        is_private=_any_flag(found, "is_private"),
        is_ext_shared=_any_flag(found, "is_ext_shared", "is_pending_ext_shared"),
        is_archived=_any_flag(found, "is_archived"),
        bot_is_member=found.get("is_member", True) is True,
    )


def _any_flag(found: Raw, *names: str) -> bool:
    """Return True if a flag is set or isn't a boolean. All of these flags reduce a person's permissions.

    Slack leaves out flags that don't apply, so a missing flag counts as not set.
    """
    odd = [name for name in names if not isinstance(found.get(name, False), bool)]
    if odd:
        log.warning("slack.left_out", of="the flags of a person or a channel", flags=odd)
    return bool(odd) or any(found.get(name, False) for name in names)
