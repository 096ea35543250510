"""Responses to submitted forms that keep the form open."""

from typing import Any

from bot.blocks.forms import notice_view
from bot.slack.incoming._payload_validation import Body

NOT_SUBMITTED = "Not submitted"


def keep_open(view: Body, sentence: str) -> dict[str, Any]:
    """Return the response that keeps a form open with what was filled in, and shows a sentence at its first input.

    Slack accepts errors only for input blocks. A form without one has nothing to keep, so the sentence replaces it.
    """
    blocks = view.get("blocks")
    inputs = [one for one in blocks if _is_input(one)] if isinstance(blocks, list) else []
    if not inputs:
        return {"response_action": "update", "view": notice_view(NOT_SUBMITTED, sentence)}
    return {"response_action": "errors", "errors": {inputs[0]["block_id"]: sentence}}


def _is_input(block: object) -> bool:
    return isinstance(block, dict) and block.get("type") == "input" and isinstance(block.get("block_id"), str)
