"""Slack's final errors, by the purpose of the call. After any other error, the same call may succeed later.

Source: the errors that Slack's method pages list (https://docs.slack.dev/reference/methods).
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Purpose(StrEnum):
    """The purpose of a call to Slack."""

    POST = "post"
    UPDATE = "update"
    EPHEMERAL = "ephemeral"
    RESPONSE_URL = "response_url"
    UPLOAD = "upload"
    VIEW = "view"
    LOOKUP = "lookup"


REFUSED_BLOCKS: Final = frozenset(
    {"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "block_mismatch", "invalid_attachments"}
)
NO_THREAD: Final = frozenset(
    {
        "thread_not_found",
        "message_not_found",
        "cannot_reply_to_message",
        "restricted_action_thread_locked",
        "restricted_action_non_threadable_channel",
    }
)
"""Errors of a thread that doesn't accept replies. Its channel may accept messages."""
NOT_INVITED: Final = frozenset({"not_in_channel", "channel_not_found"})
"""Errors that may be resolved by inviting the bot with `/invite`."""
SPENT: Final = frozenset({"used_url", "expired_url", "http_404", "http_403", "http_410", "invalid_url", "no_service"})
"""Errors of a `response_url` that Slack no longer accepts."""
TOO_LATE: Final = frozenset(
    {"expired_trigger_id", "trigger_expired", "exchanged_trigger_id", "trigger_exchanged", "invalid_trigger_id"}
)
_CONTENT: Final = REFUSED_BLOCKS | {
    "no_text",
    "msg_too_long",
    "invalid_arguments",
    "too_many_attachments",
    "too_many_contact_cards",
    "markdown_text_conflict",
    "invalid_metadata_format",
    "invalid_metadata_schema",
    "metadata_too_large",
    "metadata_must_be_sent_from_app",
}
_PLACE: Final = NOT_INVITED | {
    "is_archived",
    "is_inactive",
    "restricted_action",
    "restricted_action_read_only_channel",
    "restricted_action_thread_only_channel",
    "posting_to_channel_denied",
    "method_not_supported_for_channel_type",
}
_PERSON: Final = frozenset(
    {"user_not_found", "user_not_visible", "user_disabled", "messages_tab_disabled", "cannot_dm_bot"}
)
FINAL: Final[Mapping[Purpose, frozenset[str]]] = {
    Purpose.POST: _CONTENT | _PLACE | _PERSON | NO_THREAD | {"cant_broadcast_message"},
    Purpose.UPDATE: _CONTENT
    | _PLACE
    | {"message_not_found", "cant_update_message", "edit_window_closed", "cant_broadcast_message"},
    Purpose.EPHEMERAL: _CONTENT | _PLACE | _PERSON | NO_THREAD | {"user_not_in_channel"},
    Purpose.RESPONSE_URL: _CONTENT | _PLACE | NO_THREAD | SPENT,
    # Without `file_not_found`, which means that the bytes didn't arrive. A new upload may succeed.
    Purpose.UPLOAD: _PLACE
    | NO_THREAD
    | {
        "invalid_arguments",
        "invalid_channel",
        "file_uploads_disabled",
        "file_uploads_except_images_disabled",
        "file_type_not_allowed",
        "blocked_file_type",
        "storage_limit_reached",
        "snippet_too_large",
        "missing_scope",
    },
    Purpose.VIEW: REFUSED_BLOCKS
    | TOO_LATE
    | {
        "not_found",
        "invalid_arguments",
        "invalid_view",
        "view_too_large",
        "push_limit_reached",
        "duplicate_external_id",
        "hash_conflict",
        "not_enabled",
        "user_not_found",
    },
    Purpose.LOOKUP: NOT_INVITED
    | {
        "message_not_found",
        "user_not_found",
        "user_not_visible",
        "no_such_subteam",
        "plan_upgrade_required",
        "subteam_max_users_exceeded",
        "method_not_supported_for_channel_type",
        "missing_scope",
    },
}
_PURPOSES: Final = {
    "chat.postMessage": Purpose.POST,
    "chat.update": Purpose.UPDATE,
    "chat.postEphemeral": Purpose.EPHEMERAL,
    "response_url": Purpose.RESPONSE_URL,
}


def purpose_of(method: str) -> Purpose:
    """Return the purpose of a Web API method or a `response_url`."""
    if method.startswith("files."):
        return Purpose.UPLOAD
    return Purpose.VIEW if method.startswith("views.") else _PURPOSES.get(method, Purpose.LOOKUP)


def is_final(method: str, code: str) -> bool:
    """Return True if the same call would fail in the same way later, unless somebody changes something in Slack."""
    return code in FINAL[purpose_of(method)]


_SENTENCES: Final[Mapping[str, str]] = {
    **dict.fromkeys(NOT_INVITED, "I'm not in this channel. Invite me with `/invite`, then try again."),
    **dict.fromkeys(("is_archived", "is_inactive"), "This channel is archived. Use another channel."),
    **dict.fromkeys(
        (
            "restricted_action",
            "restricted_action_read_only_channel",
            "posting_to_channel_denied",
        ),
        "A workspace setting doesn't let me post in this channel. An admin can change who can post here.",
    ),
    "restricted_action_thread_only_channel": (
        "A workspace setting lets me post only in threads here. "
        "Mention me in a thread, or ask an admin to change who can post."
    ),
    **dict.fromkeys(NO_THREAD, "This thread doesn't accept replies. Try again in the channel."),
    "method_not_supported_for_channel_type": "I can't post in this kind of conversation. Try again in a channel.",
    "user_not_in_channel": "This person isn't in the channel.",
    **dict.fromkeys(
        ("user_not_found", "user_not_visible", "user_disabled"), "This person no longer has an account here."
    ),
    **dict.fromkeys(
        ("messages_tab_disabled", "cannot_dm_bot"),
        "Direct messages from this app are turned off. An admin can turn on its Messages tab.",
    ),
    **dict.fromkeys(_CONTENT, "Slack didn't accept this message. Please tell an admin."),
}


def sentence_of(code: str) -> str:
    """Return a sentence that says why Slack didn't accept a message and what to do."""
    return _SENTENCES.get(code, f"Slack didn't accept this message ({code}).")
