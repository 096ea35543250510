"""Validate payloads against the formats that Slack documents, because Bolt raises errors for others."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import unquote_to_bytes

Body = dict[str, Any]


class Malformed(ValueError):
    """Raised if a payload isn't in a format that Slack documents.

    The message says what is wrong, without any text from the payload.
    """


def form_fields(body: str) -> dict[str, str]:
    """Return the fields of a form. If a field is repeated, its last value counts, as in Bolt."""
    pairs = [pair.partition("=") for pair in body.replace("+", " ").split("&") if pair]
    # Faster than `parse_qsl`, because most names and values contain no escapes.
    return {
        _decoded(name) if "%" in name else name: _decoded(value) if "%" in value else value for name, _, value in pairs
    }


def _decoded(text: str) -> str:
    return unquote_to_bytes(text).decode("utf-8", "replace")


def payload_of(text: str) -> Body:
    """Parse a JSON payload and check its format.

    Raises:
        Malformed: the text isn't a JSON object, or not in a format that Slack documents.
    """
    try:
        payload = json.loads(text)
    except (ValueError, RecursionError):
        raise Malformed("The payload isn't JSON.") from None
    return checked(payload)


def checked(payload: object) -> Body:
    """Return a payload from HTTP or Socket Mode if its format is one that Slack documents. Raises Malformed."""
    if not isinstance(payload, dict):
        raise Malformed("The payload isn't an object.")
    for name, fits in _FIELDS.items():
        if name in payload and not fits(payload[name]):
            raise Malformed(f"`{name}` has an unexpected value.")
    if "command" not in payload and payload.get("type") not in _TYPES:
        raise Malformed("The payload has an unsupported type.")
    missing = [name for name in _TYPES.get(payload.get("type", ""), ()) if payload.get(name) is None]
    if missing:
        raise Malformed(f"`{missing[0]}` is missing.")
    return payload


def _text(value: object) -> bool:
    return isinstance(value, str)


def _maybe_text(value: object) -> bool:
    return value is None or isinstance(value, str)


def _object(value: object) -> bool:
    return isinstance(value, dict)


def _maybe_object(value: object) -> bool:
    return value is None or isinstance(value, dict)


def _reference(value: object) -> bool:
    """Return True for an ID, an object with or without an ID, or None. Slack refers to people in both ways."""
    return _maybe_text(value) or (isinstance(value, dict) and _maybe_text(value.get("id")))


def _objects(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, dict) for one in value)


def _actions(value: object) -> bool:
    return _objects(value) and bool(value) and all(_text(one.get("action_id")) for one in value)  # type: ignore[attr-defined]


def _view(value: object) -> bool:
    return value is None or (
        isinstance(value, dict)
        and _text(value.get("callback_id", ""))
        and _text(value.get("type", ""))
        and _maybe_text(value.get("app_installed_team_id"))
    )


def _event(value: object) -> bool:
    return (
        isinstance(value, dict)
        and _text(value.get("type"))
        and all(_reference(value.get(name)) for name in ("user", "channel", "team"))
        and all(_maybe_object(value.get(name)) for name in ("item", "assistant_thread", "message", "previous_message"))
    )


def _authorizations(value: object) -> bool:
    names = ("enterprise_id", "team_id", "user_id")
    return value is None or (_objects(value) and all(_maybe_text(one.get(n)) for one in value for n in names))  # type: ignore[attr-defined]


_FIELDS: Final[Mapping[str, Callable[[object], bool]]] = {
    "type": _text,
    "command": _text,
    "text": _maybe_text,
    "team_id": _maybe_text,
    "enterprise_id": _maybe_text,
    "user_id": _maybe_text,
    "channel_id": _maybe_text,
    "trigger_id": _maybe_text,
    "event_id": _maybe_text,
    "response_url": _maybe_text,
    "callback_id": _maybe_text,
    "action_id": _text,
    "value": _maybe_text,
    "user": _reference,
    "team": _reference,
    "enterprise": _reference,
    "channel": _reference,
    "container": _maybe_object,
    "message": _maybe_object,
    "state": _maybe_object,
    "view": _view,
    "event": _event,
    "actions": _actions,
    "authorizations": _authorizations,
    "response_urls": _objects,
    "item": _maybe_object,
    "assistant_thread": _maybe_object,
    "previous_message": _maybe_object,
    "function_data": _maybe_object,
}
_TYPES: Final[Mapping[str, tuple[str, ...]]] = {
    "block_actions": ("actions", "user"),
    "view_submission": ("view", "user"),
    "view_closed": ("view",),
    "block_suggestion": ("action_id", "user"),
    "shortcut": ("callback_id", "user"),
    "message_action": ("callback_id", "user"),
    "event_callback": ("event",),
    "url_verification": ("challenge",),
    "app_rate_limited": (),
    "interactive_message": ("callback_id",),
    "dialog_submission": ("callback_id",),
    "dialog_cancellation": ("callback_id",),
    "dialog_suggestion": ("callback_id",),
}
"""The supported types of payloads, with the fields that Bolt and the listeners require."""
