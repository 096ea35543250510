"""`chat.*`, except scheduled messages: post, change and delete messages, and get their permalinks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bot.sandbox.workspace.errors import SlackError
from bot.sandbox.workspace.escaping import Escaper
from bot.sandbox.workspace.model import Channel, Json, Message
from bot.sandbox.workspace.posting import bot_message, has_content, require_valid_message, with_block_ids
from bot.sandbox.workspace.webapi import places
from bot.sandbox.workspace.webapi.metadata import checked_metadata
from bot.sandbox.workspace.webapi.methods import Context, Table

chat = Table()
_MARKDOWN = 12_000


@chat.method("chat.postMessage", "chat:write")
async def post_message(ctx: Context) -> Json:
    channel = places.to_post_in(ctx, ctx.args.required("channel"))
    places.check_posting(channel, ctx.args)
    content = content_of(ctx)
    _cut(ctx, content)
    content["thread_ts"] = _thread(ctx, channel)
    content["metadata"] = checked_metadata(ctx.args)
    ctx.rates.post(channel.id)
    message = ctx.state.add_message(bot_message(ctx.state, channel.id, content))
    return {"channel": channel.id, "ts": message.ts, "message": message.as_slack()}


@chat.method("chat.postEphemeral", "chat:write", tier=4)
async def post_ephemeral(ctx: Context) -> Json:
    channel = places.known(ctx, ctx.args.required("channel"))
    person_id = ctx.args.required("user")
    if channel.is_archived:
        raise SlackError("is_archived")
    if not places.is_member(ctx, channel):
        raise SlackError("not_in_channel")
    if person_id not in ctx.state.active_members(channel):
        raise SlackError("user_not_in_channel")
    places.check_posting(channel, ctx.args)
    content = content_of(ctx)
    if len(str(content.get("text") or "")) > ctx.state.limits.text_characters:
        raise SlackError("msg_too_long")
    content["thread_ts"] = ctx.args.text("thread_ts")
    ctx.rates.post(channel.id)
    message = bot_message(ctx.state, channel.id, content, only_for=person_id)
    if not ctx.state.faults.take("lost_ephemeral", "chat.postEphemeral") and _is_shown(ctx, message):
        ctx.state.add_ephemeral(message)
    return {"message_ts": message.ts}


@chat.method("chat.update", "chat:write", tier=3)
async def update(ctx: Context) -> Json:
    message = _own(ctx, "cant_update_message")
    content = content_of(ctx, default_blocks=message.blocks)
    if len(str(content.get("text") or "")) > ctx.state.limits.updated_text_characters:
        raise SlackError("msg_too_long")
    metadata = checked_metadata(ctx.args)
    kept = {key: content[key] for key in ("blocks", "attachments") if content.get(key) is not None}
    changed = replace(
        message,
        text=message.text if content.get("text") is None else str(content["text"]),
        blocks=with_block_ids(kept["blocks"]) if "blocks" in kept else message.blocks,
        attachments=kept.get("attachments", message.attachments),
        metadata=message.metadata if metadata is None else metadata or None,
        reply_broadcast=message.reply_broadcast or _is_to_be_broadcast(message, content),
        edited_ts=ctx.state.stamp(),
    )
    ctx.state.replace_message(changed)
    return {"channel": message.channel_id, "ts": message.ts, "text": changed.text, "message": changed.as_slack()}


@chat.method("chat.delete", "chat:write", tier=3)
async def delete(ctx: Context) -> Json:
    message = _own(ctx, "cant_delete_message")
    ctx.state.delete_message(message)
    return {"channel": message.channel_id, "ts": message.ts}


@chat.method("chat.getPermalink")
async def get_permalink(ctx: Context) -> Json:
    channel = places.known(ctx, ctx.args.required("channel"))
    ts = ctx.args.required("message_ts")
    if ctx.state.message(channel.id, ts) is None:
        raise SlackError("message_not_found")
    link = f"{ctx.state.origin}/archives/{channel.id}/p{ts.replace('.', '')}"
    return {"channel": channel.id, "permalink": link}


# -- helpers


def content_of(ctx: Context, *, default_blocks: list[Json] | None = None) -> Json:
    """Return the message in the arguments, and check it.

    Args:
        default_blocks: the blocks that the message keeps. If there are any, the arguments may have no content.
    Raises:
        SlackError: `no_text`, `invalid_blocks`, `invalid_blocks_format`, `invalid_attachments`,
            `markdown_text_conflict`, `msg_too_long`, `msg_blocks_too_long`.
    """
    args = ctx.args
    content: Json = {key: args.given[key] for key in ("text", "unfurl_links", "unfurl_media") if key in args.given}
    content["unfurl_links"], content["unfurl_media"] = args.flag("unfurl_links", True), args.flag("unfurl_media", True)
    content["reply_broadcast"] = args.flag("reply_broadcast")
    if content.get("text") and (args.flag("link_names") or args.text("parse") == "full"):
        content["text"] = Escaper(ctx.state).link_names(str(content["text"]))
    content["blocks"] = _list(args.structure("blocks", "invalid_blocks_format"), "invalid_blocks_format")
    content["attachments"] = _list(args.structure("attachments", "invalid_attachments"), "invalid_attachments")
    if (markdown := args.text("markdown_text")) is not None:
        if has_content(content):
            raise SlackError("markdown_text_conflict")
        if len(markdown) > _MARKDOWN:
            raise SlackError("msg_too_long")
        content["markdown_text"] = markdown
    if not has_content(content) and not default_blocks:
        raise SlackError("no_text")
    require_valid_message(content)
    return content


def _list(found: Any, error: str) -> list[Json] | None:
    if found is not None and not isinstance(found, list):
        raise SlackError(error)
    return found


def _cut(ctx: Context, content: Json) -> None:
    """Cut a text that is too long, and add a warning, as Slack does."""
    most = ctx.state.limits.text_characters
    if len(str(content.get("text") or "")) > most:
        content["text"] = str(content["text"])[:most]
        ctx.args.warnings.append("message_truncated")


def _thread(ctx: Context, channel: Channel) -> str | None:
    """Return the thread to post in: the `ts` of its first message.

    Raises:
        SlackError: `thread_not_found`; `cannot_reply_to_message` for a `ts` within a thread, and for the tombstone of
            a deleted message.
    """
    thread_ts = ctx.args.text("thread_ts")
    if thread_ts is None:
        return None
    parent = ctx.state.message(channel.id, thread_ts)
    if parent is None:
        raise SlackError("thread_not_found")
    if parent.is_tombstone or parent.thread_ts not in (None, parent.ts):
        raise SlackError("cannot_reply_to_message")
    return thread_ts


def _is_to_be_broadcast(message: Message, content: Json) -> bool:
    """Return whether an update also sends the reply to the channel. An update can't undo that."""
    return bool(content.get("reply_broadcast")) and message.thread_ts not in (None, message.ts)


def _is_shown(ctx: Context, message: Message) -> bool:
    """Return whether an ephemeral message is shown. In a thread, it is only shown if the thread already has replies."""
    if message.thread_ts is None:
        return True
    posted = ctx.state.messages.get(message.channel_id, {}).values()
    return any(each.thread_ts == message.thread_ts and each.ts != message.thread_ts for each in posted)


def _own(ctx: Context, refusal: str) -> Message:
    """Return the app's own message with this `channel` and `ts`.

    Raises:
        SlackError: `channel_not_found`, `message_not_found` (also for an ephemeral or deleted message), `is_inactive`
            in an archived channel, or `refusal` for a message that isn't the app's.
    """
    channel = places.known(ctx, ctx.args.required("channel"))
    message = ctx.state.message(channel.id, ctx.args.required("ts"))
    if message is None or message.is_tombstone:
        raise SlackError("message_not_found")
    if channel.is_archived:
        raise SlackError("is_inactive")
    if message.bot_id != ctx.app.bot_id:
        raise SlackError(refusal)
    return message
