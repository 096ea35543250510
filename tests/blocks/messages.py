"""Checks a message: it is within Slack's limits, and text from others adds no mention and no link."""

import json
import re
from collections.abc import Iterator
from typing import Any

from bot.core.reply import Reply
from bot.sandbox.workspace.blockkit import validate_message

NEW_KINDS = ("data_table", "data_visualization")
"""Blocks that some workspaces refuse. Messages with them need a fallback."""
OURS = re.compile(
    r"<(?:@(?!U0EVIL)[A-Z0-9]+|#[A-Z0-9]+|!subteam\^[A-Z0-9]+"
    r"|!date\^\d+\^(?:\{date_short_pretty\} at )?\{time\}\|[0-9: -]+ UTC"
    r"|!date\^\d+\^\{date_short\}\|[0-9-]+)>"
)
"""The mentions and times that the bot writes. The bot never mentions the person in `HOSTILE`."""
HOSTILE = (
    "<!channel> <@U0EVIL> <https://evil.example|orders> *bold* `code` \u202egpj.exe\u202c :tada:\n> quote\r\n*Approved*"
)
"""Text from a person who wants to deceive an approver."""


def check(reply: Reply) -> Reply:
    """Return the message after checking it.

    Fail if Slack would refuse it, if a table or chart has no fallback, or if the message has an invisible character or
    any markup in angle brackets except `OURS`.
    """
    for blocks in (reply.blocks, reply.plain_blocks):
        problems = validate_message({"text": reply.text, "blocks": list(blocks)})
        assert not problems, problems
    assert all(block["type"] not in NEW_KINDS for block in reply.plain_blocks)
    if any(block["type"] in NEW_KINDS for block in reply.blocks):
        assert reply.plain_blocks, "a table or chart needs a fallback"
    assert 0 < len(reply.text) <= 4000
    for text in [reply.text, *marked_up(list(reply.blocks)), *marked_up(list(reply.plain_blocks))]:
        left = OURS.sub("", text)
        assert "<" not in left, left
        assert ">" not in left, left
    everything = json.dumps([shown(reply), list(reply.plain_blocks)], ensure_ascii=False)
    assert not re.search("[\u202a-\u202e\u2066-\u2069\u200b]", everything)
    return reply


def shown(reply: Reply) -> dict[str, Any]:
    """Return a message as plain data, for golden files and searching."""
    return {"text": reply.text, "blocks": list(reply.blocks), "private": reply.private}


def marked_up(value: Any) -> Iterator[str]:
    """Yield every text of type `mrkdwn`, in which Slack interprets markup."""
    if isinstance(value, dict):
        if value.get("type") == "mrkdwn":
            yield value["text"]
        for each in value.values():
            yield from marked_up(each)
    elif isinstance(value, list):
        for each in value:
            yield from marked_up(each)


def buttons(reply: Reply) -> dict[str, dict[str, Any]]:
    """Return the buttons of a message by label."""
    return {
        element["text"]["text"]: element
        for block in reply.blocks
        for element in (block.get("elements", ()) if block["type"] == "actions" else [block.get("accessory")])
        if element and element["type"] == "button"
    }


def words(reply: Reply) -> str:
    """Return all text in the blocks of a message."""
    return " ".join(_texts(list(reply.blocks)))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, each in value.items():
            if key in ("text", "caption", "title", "name", "label") and isinstance(each, str):
                yield each
            else:
                yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
