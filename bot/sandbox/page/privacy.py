"""Decides who may see the content of the inspector's records: deliveries and calls."""

from bot.sandbox.workspace.records import Call, Delivery
from bot.sandbox.workspace.workspace import Workspace


def may_look(workspace: Workspace, viewer_id: str, record: Call | Delivery) -> tuple[bool, str | None]:
    """Return whether this person may see a record's content, and the ID of the only person who may.

    The ID is None if the content isn't private to one person, and empty if that person isn't known. The content of a
    call about channels may be seen by all who can see these channels.
    """
    if isinstance(record, Delivery):
        return record.person_id in (None, viewer_id), record.person_id
    if record.person_id is not None:
        return record.person_id == viewer_id, record.person_id
    seen = (each == viewer_id or workspace.state.can_see(viewer_id, each) for each in _channels_of(record))
    return all(seen), None


def _channels_of(call: Call) -> list[str]:
    """Return the channels in a call's arguments. A direct message can name its recipient instead."""
    given = (str(call.args.get(name) or "") for name in ("channel", "channel_id", "channels"))
    return [each.strip() for value in given for each in value.split(",") if each.strip()]
