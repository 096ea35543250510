"""Message metadata: an event type and a flat payload."""

from __future__ import annotations

import json
from typing import Any

from bot.sandbox.workspace.errors import SlackError
from bot.sandbox.workspace.model import Json
from bot.sandbox.workspace.webapi.arguments import Args

_MOST_BYTES = 8_000
_MOST_TYPE = 255


def checked_metadata(args: Args) -> Json | None:
    """Return the `metadata` argument, which may be an empty object, or None if there is none.

    Raises:
        SlackError: `invalid_metadata_format`, `invalid_metadata_schema`, `metadata_too_large`.
    """
    found = args.structure("metadata", "invalid_metadata_format")
    if found is None:
        return None
    if not isinstance(found, dict):
        raise SlackError("invalid_metadata_format")
    if not found:
        return {}
    if set(found) - {"event_type", "event_payload", "entities"} or not _is_typed(found):
        raise SlackError("invalid_metadata_schema")
    if len(json.dumps(found)) > _MOST_BYTES:
        raise SlackError("metadata_too_large")
    return found


def _is_typed(found: Json) -> bool:
    kind, payload = found.get("event_type"), found.get("event_payload")
    if not isinstance(kind, str) or not 0 < len(kind) <= _MOST_TYPE or not isinstance(payload, dict):
        return False
    return all(_is_flat(value) for value in payload.values())


def _is_flat(value: Any) -> bool:
    """Return whether a value is a scalar, an object of scalars, or a list of scalars and objects."""
    if isinstance(value, dict):
        return all(isinstance(each, (str, int, float, bool)) for each in value.values())
    if isinstance(value, list):
        return all(isinstance(each, (str, int, float, bool, dict)) for each in value)
    return isinstance(value, (str, int, float, bool))
