"""The one person who may see the content of a call: the reader of an ephemeral message or a view."""

from __future__ import annotations

from bot.sandbox.workspace.model import Json
from bot.sandbox.workspace.passes import Hook
from bot.sandbox.workspace.state import State
from bot.sandbox.workspace.webapi.arguments import Args

UNKNOWN_PERSON = ""  # the content is private, but its reader isn't known


def person_of_call(state: State, method: str, args: Args, answer: Json) -> str | None:
    """Return the ID of the only person who may see a call's content.

    None if it isn't private to one person, and `UNKNOWN_PERSON` if that person can't be determined.
    """
    if method == "chat.postEphemeral":
        return args.text("user") or UNKNOWN_PERSON
    if method == "views.publish":
        return args.text("user_id") or UNKNOWN_PERSON
    if method.startswith("views."):
        shown = answer.get("view")
        view_id = shown.get("id") if isinstance(shown, dict) else args.text("view_id")
        view = state.find_view(str(view_id)) if view_id else None
        return view.person_id if view else state.triggers.person_of(args.text("trigger_id")) or UNKNOWN_PERSON
    return None


def person_of_response(hook: Hook | None, args: Args) -> str | None:
    """Return the ID of the only person who may see a `response_url` message.

    None if the whole channel may see it, and `UNKNOWN_PERSON` if the `response_url` isn't known.
    """
    if hook is None:
        return UNKNOWN_PERSON
    public = args.given.get("response_type") == "in_channel"
    edits = bool(args.given.get("replace_original")) and hook.source_ts is not None and not hook.source_is_ephemeral
    return None if public or edits else hook.person_id
