"""Checks and builds the messages that the app posts."""

from __future__ import annotations

import copy
from typing import Any

from bot.sandbox.workspace.blockkit import Problem, validate_message
from bot.sandbox.workspace.errors import SlackError
from bot.sandbox.workspace.ids import new_block_id
from bot.sandbox.workspace.model import Json, Message
from bot.sandbox.workspace.state import State


def require_valid_message(content: Json, *, error: str = "invalid_blocks") -> None:
    """Raise Slack's error if Block Kit doesn't allow the message.

    Raises:
        SlackError: `error`, with Slack's error texts and JSON pointers, or `msg_blocks_too_long` if there is no other
            problem.
    """
    if problems := validate_message(content):
        refuse(problems, error)


def refuse(problems: list[Problem], error: str) -> None:
    """Raise the error that Slack returns for these problems.

    Raises:
        SlackError: `error`, or `msg_blocks_too_long` if there is no other problem.
    """
    messages = [str(problem) for problem in problems]
    if all(problem.code == "msg_blocks_too_long" for problem in problems):
        error = "msg_blocks_too_long"
    raise SlackError(error, errors=[problem.message for problem in problems], response_metadata={"messages": messages})


def with_block_ids(blocks: list[Json]) -> list[Json]:
    """Return a copy of the blocks as Slack stores them: each has a `block_id`, except markdown blocks."""
    kept = copy.deepcopy(blocks)
    for block in kept:
        if block.get("type") != "markdown" and not block.get("block_id"):
            block["block_id"] = new_block_id()
    return kept


def bot_message(state: State, channel_id: str, content: Json, *, only_for: str | None = None) -> Message:
    """Return a message of the app with this content, which must be valid. The message isn't stored yet."""
    return Message(
        channel_id=channel_id,
        ts=state.stamp(),
        user_id=state.app.bot_user_id,
        bot_id=state.app.bot_id,
        app_id=state.app.app_id,
        text=str(content.get("text") or content.get("markdown_text") or ""),
        blocks=with_block_ids(content.get("blocks") or _markdown(content)),
        attachments=copy.deepcopy(content.get("attachments") or []),
        thread_ts=content.get("thread_ts") or None,
        reply_broadcast=bool(content.get("thread_ts") and content.get("reply_broadcast", False)),
        metadata=copy.deepcopy(content.get("metadata")) if only_for is None else None,
        unfurl_links=content.get("unfurl_links") is not False,
        unfurl_media=content.get("unfurl_media") is not False,
        only_for=only_for,
    )


def has_content(content: Json) -> bool:
    return any(content.get(key) for key in ("text", "blocks", "attachments", "markdown_text"))


def _markdown(content: Json) -> list[Any]:
    text = content.get("markdown_text")
    return [{"type": "markdown", "text": text}] if text else []
