"""Scheduled messages: `chat.scheduleMessage` and related methods."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from bot.sandbox.workspace.errors import SlackError
from bot.sandbox.workspace.ids import as_seconds, new_id
from bot.sandbox.workspace.model import Json
from bot.sandbox.workspace.posting import bot_message
from bot.sandbox.workspace.webapi import places
from bot.sandbox.workspace.webapi.arguments import invalid_arguments
from bot.sandbox.workspace.webapi.chat import content_of
from bot.sandbox.workspace.webapi.methods import Context, Table

scheduled = Table()
_FARTHEST = timedelta(days=120)
_WINDOW, _MOST_IN_WINDOW = 300, 30


@dataclass
class Waiting:
    """A scheduled message, and the task that waits to post it."""

    id: str
    channel_id: str
    post_at: int
    content: Json
    task: asyncio.Task[Any] | None = field(default=None, repr=False)


@scheduled.method("chat.scheduleMessage", "chat:write", tier=3)
async def schedule(ctx: Context) -> Json:
    channel = places.to_post_in(ctx, ctx.args.required("channel"))
    places.check_posting(channel, ctx.args)
    content = content_of(ctx)
    post_at, now = _moment(ctx), as_seconds(ctx.state.time.now())
    if post_at <= now:
        raise SlackError("time_in_past")
    if post_at > now + int(_FARTHEST.total_seconds()):
        raise SlackError("time_too_far")
    near = [each for each in _all(ctx).values() if each.channel_id == channel.id]
    if sum(abs(each.post_at - post_at) < _WINDOW for each in near) >= _MOST_IN_WINDOW:
        raise SlackError("restricted_too_many")
    waiting = Waiting(new_id("Q"), channel.id, post_at, content)
    _all(ctx)[waiting.id] = waiting
    waiting.task = ctx.state.spawn(_post_later(ctx, waiting))
    return {"channel": channel.id, "scheduled_message_id": waiting.id, "post_at": post_at}


@scheduled.method("chat.deleteScheduledMessage", "chat:write", tier=3)
async def delete(ctx: Context) -> Json:
    waiting = _all(ctx).get(ctx.args.required("scheduled_message_id"))
    if waiting is None or waiting.channel_id != ctx.args.required("channel"):
        raise SlackError("invalid_scheduled_message_id")
    del _all(ctx)[waiting.id]
    if waiting.task is not None:
        waiting.task.cancel()
    return {}


@scheduled.method("chat.scheduledMessages.list", tier=3)
async def list_all(ctx: Context) -> Json:
    channel_id = ctx.args.text("channel")
    shown = [
        {"id": each.id, "channel_id": each.channel_id, "post_at": each.post_at, "text": each.content.get("text", "")}
        for each in _all(ctx).values()
        if channel_id in (None, each.channel_id)
    ]
    return {"scheduled_messages": shown, "response_metadata": {"next_cursor": ""}}


def _all(ctx: Context) -> dict[str, Waiting]:
    return ctx.state.scheduled


def _moment(ctx: Context) -> int:
    try:
        return int(ctx.args.required("post_at"))
    except ValueError:
        raise invalid_arguments("must be an integer: post_at") from None


async def _post_later(ctx: Context, waiting: Waiting) -> None:
    left = waiting.post_at - ctx.state.time.now().timestamp()
    await ctx.state.time.sleep(timedelta(seconds=left))
    if _all(ctx).pop(waiting.id, None) is not None:
        ctx.state.add_message(bot_message(ctx.state, waiting.channel_id, waiting.content))
