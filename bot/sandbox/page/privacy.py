"""Decides who may see a record's content.

Private messages and actions are visible only to the person they belong to.
"""

from bot.sandbox.workspace.records import Call, Delivery
from bot.sandbox.workspace.workspace import Workspace


def may_look(workspace: Workspace, viewer_id: str, record: Call | Delivery) -> tuple[bool, str | None]:
    """Return whether this person may see a record's content, and the ID of its owner (None if it has none)."""
    if isinstance(record, Delivery):
        return record.person_id in (None, viewer_id), record.person_id
    if record.person_id is not None:
        return record.person_id == viewer_id, record.person_id
    channel_id = str(record.args.get("channel") or "")
    return not channel_id or channel_id == viewer_id or workspace.state.can_see(viewer_id, channel_id), None
