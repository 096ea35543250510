"""Who may look inside a record: what one person alone was shown or did stays with that person."""

from bot.sandbox.workspace.records import Call, Delivery
from bot.sandbox.workspace.workspace import Workspace


def may_look(workspace: Workspace, viewer_id: str, record: Call | Delivery) -> tuple[bool, str | None]:
    """Whether this person may see a record's content, and whose it is."""
    if isinstance(record, Delivery):
        return record.person_id in (None, viewer_id), record.person_id
    owner = owner_of(workspace, record)
    if owner is not None:
        return owner == viewer_id, owner
    channel_id = record.args.get("channel")
    if not channel_id:
        return True, None
    return workspace.state.can_see(viewer_id, str(channel_id)) or channel_id == viewer_id, None


def owner_of(workspace: Workspace, call: Call) -> str | None:
    """The one person whom a call concerns; `None` when its content is no secret of anybody's."""
    if call.method == "chat.postEphemeral":
        return str(call.args.get("user") or "?")
    return None
