"""Files that the app shared: who may download them, and their previews."""

from typing import Any

from bot.sandbox.workspace.workspace import Workspace

_PREVIEW_LINES, _PREVIEW_CHARACTERS = 14, 1500


def content_for(workspace: Workspace, person_id: str, file_id: str) -> tuple[str, bytes] | None:
    """Return the name and bytes of a file. None if it wasn't uploaded, or this person sees no message with it."""
    file = workspace.state.files.get(file_id)
    if file is None or file.get("content") is None or not _sees(workspace, person_id, file_id):
        return None
    return str(file["name"]), bytes(file["content"])


def preview(workspace: Workspace, shared: dict[str, Any]) -> str | None:
    """Return the first lines of a file. None if the file is empty or isn't text."""
    content = (workspace.state.files.get(str(shared.get("id"))) or {}).get("content")
    try:
        text = bytes(content or b"").decode()
    except UnicodeDecodeError:
        return None
    if not text.strip() or "\0" in text:
        return None
    lines = text[:_PREVIEW_CHARACTERS].splitlines()[:_PREVIEW_LINES]
    shown = "\n".join(lines)
    return shown if len(shown) >= len(text.rstrip()) else f"{shown}\n…"


def _sees(workspace: Workspace, person_id: str, file_id: str) -> bool:
    channels = (each for each in workspace.channels if workspace.state.can_see(person_id, each))
    messages = (message for channel in channels for message in workspace.history(channel, person_id) if message.files)
    return any(file.get("id") == file_id for message in messages for file in message.files)
