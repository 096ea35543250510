"""Divides long results into pages with cursors."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import TypeVar

from bot.sandbox.workspace.errors import SlackError
from bot.sandbox.workspace.model import Json
from bot.sandbox.workspace.webapi.arguments import Args

Item = TypeVar("Item")


def page(args: Args, items: Sequence[Item], *, default: int = 100, most: int = 1000) -> tuple[list[Item], Json]:
    """Return one page of `items`, and the `response_metadata` with the next cursor.

    Raises:
        SlackError: `invalid_cursor`, `invalid_limit`, or `invalid_arguments` for a `limit` that isn't an integer.
    """
    limit = args.number("limit", default, most=most)
    start = _position(args.text("cursor"), len(items))
    end = start + limit
    following = base64.b64encode(f"next:{end}".encode()).decode() if end < len(items) else ""
    return list(items[start:end]), {"next_cursor": following}


def _position(cursor: str | None, total: int) -> int:
    if cursor is None:
        return 0
    try:
        word, _, number = base64.b64decode(cursor, validate=True).decode().partition(":")
        position = int(number)
    except (binascii.Error, ValueError):
        raise SlackError("invalid_cursor") from None
    if word != "next" or not 0 <= position <= total:
        raise SlackError("invalid_cursor")
    return position
