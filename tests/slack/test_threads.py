"""A press is answered in the thread of its message, unless the message is also in the channel."""

from datetime import UTC, datetime
from typing import Any

import pytest

from bot.core.ports import address_of
from bot.slack.incoming.payloads import action

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
REPLY: dict[str, Any] = {"ts": "2.2", "thread_ts": "1.1"}


def pressed(message: dict[str, Any], **container: Any) -> dict[str, Any]:
    """Return Slack's payload of a press. `message` is empty for ephemeral messages."""
    return {
        "type": "block_actions",
        "user": {"id": "U0ANA", "team_id": "T0ACME"},
        "channel": {"id": "C0DBOPS"},
        "container": {"type": "message", "message_ts": message.get("ts"), "is_ephemeral": False} | container,
        "message": message,
        "actions": [{"type": "button", "action_id": "approval.approve", "value": "r-1"}],
    }


@pytest.mark.parametrize(
    ("body", "thread_ts"),
    [
        (pressed({"ts": "1.1"}), None),
        (pressed({"ts": "1.1", "thread_ts": "1.1"}), None),
        (pressed(REPLY | {"subtype": "thread_broadcast"}), None),
        (pressed(REPLY), "1.1"),
        (pressed(REPLY, thread_ts="1.1"), "1.1"),
        (pressed({}, message_ts="2.2", thread_ts="1.1", is_ephemeral=True), "1.1"),
    ],
    ids=[
        "no thread",
        "first of a thread",
        "reply also sent to the channel",
        "reply",
        "reply, also with the thread in the container",
        "ephemeral reply",
    ],
)
def test_a_press_is_answered_in_the_thread_of_its_message_or_in_the_channel(
    body: dict[str, Any], thread_ts: str | None
) -> None:
    incoming = action(body, NOON)

    assert incoming is not None
    assert incoming.thread_ts == thread_ts
    assert address_of(incoming).thread_is_live is (thread_ts is not None)
