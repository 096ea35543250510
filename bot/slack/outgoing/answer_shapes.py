"""Check that the response of a Web API method has the fields that the bot needs."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

Check = Callable[[object], bool]


def is_text(value: object) -> bool:
    """Return True for text that isn't empty, such as an ID or a `ts`."""
    return isinstance(value, str) and value != ""


def _is_list(value: object) -> bool:
    return isinstance(value, list)


def _optional(check: Check) -> Check:
    return lambda value: value is None or value == "" or check(value)


def _object(**fields: Check) -> Check:
    return lambda value: isinstance(value, dict) and all(check(value.get(name)) for name, check in fields.items())


_NEXT_PAGE: Final = _optional(_object(next_cursor=_optional(is_text)))
_ANY: Final = _object()
SHAPES: Final[Mapping[str, Check]] = MappingProxyType(
    {
        "auth.test": _object(
            team_id=is_text,
            user_id=is_text,
            bot_id=_optional(is_text),
            enterprise_id=_optional(is_text),
            url=_optional(is_text),
        ),
        "users.info": _object(user=_object(id=_optional(is_text), team_id=_optional(is_text))),
        "users.list": _object(members=_is_list, response_metadata=_NEXT_PAGE),
        "users.conversations": _object(channels=_is_list, response_metadata=_NEXT_PAGE),
        "usergroups.users.list": _object(users=_is_list),
        "conversations.info": _object(channel=_object(id=_optional(is_text))),
        "conversations.members": _object(members=_is_list, response_metadata=_NEXT_PAGE),
        "chat.getPermalink": _object(permalink=is_text),
        "files.getUploadURLExternal": _object(upload_url=is_text, file_id=is_text),
        # An `ok` response means that the change was made. If a missing field counted as a failure, the call would be
        # retried, and the message posted twice.
        "chat.postMessage": _ANY,
        "chat.postEphemeral": _ANY,
        "chat.update": _ANY,
        "files.completeUploadExternal": _ANY,
        "views.open": _ANY,
        "views.update": _ANY,
        "views.publish": _ANY,
    }
)
"""A check of the needed fields, by method. A response without them counts as unreadable, not as empty."""


def is_readable(method: str, answer: Any) -> bool:
    """Return True if a response has the fields that the bot needs. Raises KeyError for an unknown method."""
    return SHAPES[method](answer)


def next_cursor(answer: Mapping[str, Any]) -> str | None:
    """Return the cursor of a list's next page, or None on the last page."""
    return (answer.get("response_metadata") or {}).get("next_cursor") or None
