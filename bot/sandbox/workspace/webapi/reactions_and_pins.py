"""Reactions, pins and bookmarks."""

from __future__ import annotations

from bot.sandbox.workspace.errors import SlackError
from bot.sandbox.workspace.ids import new_id
from bot.sandbox.workspace.model import Json, Message
from bot.sandbox.workspace.webapi import places
from bot.sandbox.workspace.webapi.methods import Context, Table

reactions_and_pins = Table()


@reactions_and_pins.method("reactions.add", "reactions:write", tier=3)
async def add_reaction(ctx: Context) -> Json:
    message, name = _message(ctx), ctx.args.required("name")
    reactions = ctx.state.reactions.setdefault((message.channel_id, message.ts), {}).setdefault(name, [])
    if ctx.app.bot_user_id in reactions:
        raise SlackError("already_reacted")
    reactions.append(ctx.app.bot_user_id)
    return {}


@reactions_and_pins.method("reactions.remove", "reactions:write", tier=2)
async def remove_reaction(ctx: Context) -> Json:
    message, name = _message(ctx), ctx.args.required("name")
    found = ctx.state.reactions.get((message.channel_id, message.ts), {}).get(name, [])
    if ctx.app.bot_user_id not in found:
        raise SlackError("no_reaction")
    found.remove(ctx.app.bot_user_id)
    return {}


@reactions_and_pins.method("pins.add", "pins:write", tier=2)
async def add_pin(ctx: Context) -> Json:
    message = _message(ctx)
    pinned = ctx.state.pins.setdefault(message.channel_id, [])
    if message.ts in pinned:
        raise SlackError("already_pinned")
    pinned.append(message.ts)
    return {}


@reactions_and_pins.method("pins.remove", "pins:write", tier=2)
async def remove_pin(ctx: Context) -> Json:
    message = _message(ctx)
    if message.ts not in ctx.state.pins.get(message.channel_id, []):
        raise SlackError("no_pin")
    ctx.state.pins[message.channel_id].remove(message.ts)
    return {}


@reactions_and_pins.method("bookmarks.add", "bookmarks:write", tier=2)
async def add_bookmark(ctx: Context) -> Json:
    channel = places.joined(ctx, ctx.args.required("channel_id"))
    title, kind = ctx.args.required("title"), ctx.args.required("type")
    if kind != "link":
        raise SlackError("invalid_bookmark_type")
    bookmark = {"id": new_id("Bk"), "channel_id": channel.id, "title": title, "type": kind,
                "link": ctx.args.required("link")}  # fmt: skip
    ctx.state.bookmarks.setdefault(channel.id, []).append(bookmark)
    return {"bookmark": bookmark}


def _message(ctx: Context) -> Message:
    channel = places.joined(ctx, ctx.args.required("channel"))
    message = ctx.state.message(channel.id, ctx.args.required("timestamp"))
    if message is None:
        raise SlackError("message_not_found")
    return message
