"""The app's answers to an action: the content of the acknowledgement, and messages sent to a `response_url`."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from bot.sandbox.workspace.errors import SlackError
from bot.sandbox.workspace.model import Json, Message
from bot.sandbox.workspace.passes import Hook
from bot.sandbox.workspace.posting import bot_message, has_content, require_valid_message, with_block_ids
from bot.sandbox.workspace.records import Delivery
from bot.sandbox.workspace.state import State


def answer_of(delivery: Delivery) -> Json:
    """Return the JSON object in an acknowledgement, or `{}` if it is empty. Any other body is a message's text."""
    body = delivery.answer.strip()
    if not body:
        return {}
    try:
        answer: Any = json.loads(body)
    except ValueError:
        return {"text": body}
    return answer if isinstance(answer, dict) else {"text": body}


def show_direct_answer(state: State, delivery: Delivery, person_id: str, channel_id: str, typed: str) -> Message | None:
    """Show the message in the acknowledgement of a slash command, and return it. None if there is none.

    If it is for the whole channel, the command that was `typed` is shown before it.

    Raises:
        SlackError: its blocks or attachments are invalid.
    """
    content = answer_of(delivery)
    if not has_content(content):
        return None
    require_valid_message(content)
    if content.get("response_type") == "in_channel":
        state.add_message(Message(channel_id=channel_id, ts=state.stamp(), user_id=person_id, text=typed))
        return state.add_message(bot_message(state, channel_id, content))
    return state.add_ephemeral(bot_message(state, channel_id, content, only_for=person_id))


def respond(state: State, hook: Hook, content: Json) -> None:
    """Post, replace or delete a message, as the content that was sent to a `response_url` says.

    Raises:
        SlackError: there is no content, the blocks or attachments are invalid, the channel is archived, or the channel,
            the message or the thread doesn't exist.
    """
    source = _source(state, hook)
    if content.get("delete_original") and source is not None:
        _delete(state, source)
        if not has_content(content):
            return
        source = None
    elif content.get("delete_original") and not has_content(content):
        raise SlackError("cannot_delete_original", status=404)
    if not has_content(content):
        raise SlackError("no_text", status=400)
    _check_open(state, hook.channel_id)
    require_valid_message(content)
    if content.get("replace_original") and source is not None:
        _replace(state, source, content)
    elif content.get("replace_original") and hook.kind == "actions" and not content.get("delete_original"):
        raise SlackError("message_not_found", status=404)
    else:
        _post(state, hook, content)


def _check_open(state: State, channel_id: str) -> None:
    """Raise an error if the channel doesn't accept messages.

    Raises:
        SlackError: the channel is archived (HTTP 410, as for Slack's webhooks) or deleted.
    """
    channel = state.channels.get(channel_id)
    if channel is None:
        raise SlackError("channel_not_found", status=404)
    if channel.is_archived:
        raise SlackError("channel_is_archived", status=410)


def _source(state: State, hook: Hook) -> Message | None:
    """Return the message in which the person acted. None for a command or modal, or if it no longer exists."""
    if hook.source_ts is None:
        return None
    if hook.source_is_ephemeral:
        return state.ephemerals.get(hook.source_ts)
    message = state.message(hook.channel_id, hook.source_ts)
    return None if message is None or message.is_tombstone else message


def _replace(state: State, source: Message, content: Json) -> None:
    """Change the message in place, for the same people as before."""
    changed = replace(
        source,
        text=str(content.get("text") or ""),
        blocks=with_block_ids(content.get("blocks") or []),
        attachments=list(content.get("attachments") or []),
        metadata=content.get("metadata", source.metadata),
    )
    if source.is_ephemeral:
        state.replace_ephemeral(changed)
    else:
        state.replace_message(replace(changed, edited_ts=state.stamp()))


def _delete(state: State, source: Message) -> None:
    if source.is_ephemeral:
        state.remove_ephemeral(source)
    else:
        state.delete_message(source)


def _post(state: State, hook: Hook, content: Json) -> None:
    """Post a new message. Only the person who acted sees it, unless its `response_type` is `in_channel`."""
    if content.get("response_type") != "in_channel":
        thread = _thread_of(state, hook, content)
        state.add_ephemeral(
            bot_message(state, hook.channel_id, content | {"thread_ts": thread}, only_for=hook.person_id)
        )
        return
    thread_ts = content.get("thread_ts") if content.get("replace_original") is False else None
    if thread_ts and not state.message(hook.channel_id, str(thread_ts)):
        raise SlackError("thread_not_found", status=400)
    state.add_message(bot_message(state, hook.channel_id, content | {"thread_ts": thread_ts}))


def _thread_of(state: State, hook: Hook, content: Json) -> str | None:
    """Return the thread for an ephemeral answer: the thread of the message in which the person acted.

    If that message is shown in the channel, or there is none, the answer can name a thread itself. None: no thread.
    """
    source = _source(state, hook)
    if source is not None and not source.is_in_channel:
        return source.thread_ts
    thread_ts = content.get("thread_ts")
    return str(thread_ts) if thread_ts else None
