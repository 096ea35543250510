"""Files in three steps: get an upload URL, upload, share."""

from __future__ import annotations

from typing import Any

from bot.sandbox.workspace.errors import SlackError
from bot.sandbox.workspace.ids import as_seconds, new_id, new_secret
from bot.sandbox.workspace.model import Channel, Json, Message
from bot.sandbox.workspace.posting import bot_message
from bot.sandbox.workspace.state import State
from bot.sandbox.workspace.webapi import places
from bot.sandbox.workspace.webapi.arguments import invalid_arguments
from bot.sandbox.workspace.webapi.methods import Context, Table

files = Table()
_SNIPPET_BYTES = 1_000_000
_FILE_BYTES = 1_000_000_000


@files.method("files.getUploadURLExternal", "files:write", tier=4)
async def get_upload_url(ctx: Context) -> Json:
    name = ctx.args.required("filename")
    length = ctx.args.number("length", 0, most=_FILE_BYTES, least=1)
    if not length:
        raise invalid_arguments("missing required field: length")
    if ctx.args.text("snippet_type") and length > _SNIPPET_BYTES:
        raise SlackError("snippet_too_large")
    file_id, secret = new_id("F"), new_secret()
    ctx.state.files[file_id] = {
        "id": file_id, "name": name, "title": name, "size": length, "user": ctx.app.bot_user_id,
        "created": as_seconds(ctx.state.time.now()), "secret": secret, "content": None, "shared": False,
        "alt_text": ctx.args.text("alt_txt") or "", "filetype": ctx.args.text("snippet_type") or "binary",
    }  # fmt: skip
    return {"upload_url": f"{ctx.state.origin}/upload/v1/{secret}", "file_id": file_id}


@files.method("files.completeUploadExternal", "files:write", tier=4)
async def complete_upload(ctx: Context) -> Json:
    asked = ctx.args.structure("files", "invalid_arguments")
    if not isinstance(asked, list) or not asked:
        raise invalid_arguments("missing required field: files")
    channels = [_open_for_files(ctx, name) for name in _destinations(ctx)]
    uploaded = [_finished(ctx, each) for each in asked]
    for channel in channels:
        _share(ctx, channel, uploaded)
    return {"files": [as_file(ctx.state, each) for each in uploaded]}


def receive(state: State, secret: str, content: bytes) -> bool:
    """Store the bytes posted to an upload URL. Returns False if the URL is unknown or used, or the size is wrong."""
    for file in state.files.values():
        if file["secret"] == secret and file["content"] is None and len(content) == file["size"]:
            file["content"] = content
            return True
    return False


def as_file(state: State, file: Json) -> Json:
    """Return the file object of the Web API, without the content and the upload URL."""
    shown = ("id", "name", "title", "size", "user", "created", "filetype")
    return {key: file[key] for key in shown} | {"url_private": f"{state.origin}/files/{file['id']}"}


def _destinations(ctx: Context) -> list[str]:
    return ctx.args.names("channel_id") or ctx.args.names("channels")


def _open_for_files(ctx: Context, name: str) -> Channel:
    """Return the channel to share files in.

    Raises:
        SlackError: `channel_not_found`, `not_in_channel`, `is_archived`, `posting_to_channel_denied`.
    """
    channel = places.joined(ctx, name)
    if channel.is_archived:
        raise SlackError("is_archived")
    if channel.posting == "admins":
        raise SlackError("posting_to_channel_denied")
    return channel


def _finished(ctx: Context, asked: Any) -> Json:
    file = ctx.state.files.get(str(asked.get("id"))) if isinstance(asked, dict) else None
    if file is None or file["content"] is None or file["shared"]:
        raise SlackError("file_not_found")
    file["title"], file["shared"] = asked.get("title") or file["name"], True
    return file


def _share(ctx: Context, channel: Channel, uploaded: list[Json]) -> Message:
    thread_ts = ctx.args.text("thread_ts")
    content = {"text": ctx.args.text("initial_comment") or "", "thread_ts": thread_ts}
    ctx.rates.post(channel.id)
    message = bot_message(ctx.state, channel.id, content)
    shared = Message(**{**message.__dict__, "files": [as_file(ctx.state, each) for each in uploaded],
                        "subtype": "file_share"})  # fmt: skip
    return ctx.state.add_message(shared)
