"""Whom alone a call's content concerns: an ephemeral message and a view are shown to one person only."""

from __future__ import annotations

from bot.sandbox.workspace.model import Json
from bot.sandbox.workspace.passes import Hook
from bot.sandbox.workspace.state import State
from bot.sandbox.workspace.webapi.arguments import Args

NOBODY = ""  # private, and it cannot be told whose


def person_of_call(state: State, method: str, args: Args, answer: Json) -> str | None:
    """Return the one person who may see what was sent. None if it is for whoever sees the channel."""
    if method == "chat.postEphemeral":
        return args.text("user") or NOBODY
    if method == "views.publish":
        return args.text("user_id") or NOBODY
    if method.startswith("views."):
        shown = answer.get("view")
        view_id = shown.get("id") if isinstance(shown, dict) else args.text("view_id")
        view = state.find_view(str(view_id)) if view_id else None
        return view.person_id if view else state.triggers.person_of(args.text("trigger_id")) or NOBODY
    return None


def person_of_response(hook: Hook | None, args: Args) -> str | None:
    """Return the only person who may see a `response_url` message. None if it is for the channel or edits a message."""
    if hook is None:
        return NOBODY
    public = args.given.get("response_type") == "in_channel"
    edits = bool(args.given.get("replace_original")) and hook.source_ts is not None and not hook.source_is_ephemeral
    return None if public or edits else hook.person_id
