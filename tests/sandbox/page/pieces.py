"""Builds input blocks, and the objects inside blocks: texts, options, buttons, confirmations and table cells."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text, "emoji": True}


def mrkdwn(text: str) -> Json:
    return {"type": "mrkdwn", "text": text}


def option(text: str, value: str | None = None, **more: Any) -> Json:
    return {"text": plain(text), "value": value or text, **more}


def button(text: str, action_id: str, **more: Any) -> Json:
    return {"type": "button", "text": plain(text), "action_id": action_id, "value": "r-42", **more}


def confirm(title: str, text: str, yes: str, style: str = "danger") -> Json:
    return {
        "title": plain(title),
        "text": mrkdwn(text),
        "confirm": plain(yes),
        "deny": plain("Keep it"),
        "style": style,
    }


def cell(text: str) -> Json:
    return {"type": "raw_text", "text": text}


def number(value: float, text: str) -> Json:
    return {"type": "raw_number", "value": value, "text": text}


def field(block_id: str, label: str, element: Json, **more: Any) -> Json:
    return {
        "type": "input",
        "block_id": block_id,
        "label": plain(label),
        "element": {"action_id": f"{block_id}-action", **element},
        **more,
    }
