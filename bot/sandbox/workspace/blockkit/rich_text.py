"""Rich text: sections, lists, quotes and preformatted text, and their elements."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.sandbox.workspace.blockkit.objects import ID
from bot.sandbox.workspace.blockkit.rules import At, Rule, boolean, integer, items, one_of, shape, string, typed, url

_STYLES = ("bold", "italic", "strike", "code", "underline", "highlight", "client_highlight", "unlink")
_STYLE = shape({}, dict.fromkeys(_STYLES, boolean))


def _counted(value: Any, at: At) -> None:
    string(least=1)(value, at)
    if isinstance(value, str):
        at.add("text", len(value))


def _part(required: Mapping[str, Rule], optional: Mapping[str, Rule] | None = None) -> Rule:
    return shape(required, {"style": _STYLE, **(optional or {})})


_TEXT = _part({"text": _counted})
_LINK = _part({"url": url()}, {"text": string(), "unsafe": boolean})
_PARTS: dict[str, Rule] = {
    "text": _TEXT,
    "link": _LINK,
    "channel": _part({"channel_id": string(least=1)}),
    "user": _part({"user_id": string(least=1)}),
    "usergroup": _part({"usergroup_id": string(least=1)}),
    "team": _part({"team_id": string(least=1)}),
    "emoji": _part({"name": string(least=1)}, {"unicode": string(), "skin_tone": integer(1, 6), "url": string()}),
    "date": _part(
        {"timestamp": integer(), "format": string(least=1)}, {"url": url(), "fallback": string()},
    ),
    "broadcast": _part({"range": one_of("here", "channel", "everyone")}),
    "color": _part({"value": string(like=r"#[0-9A-Fa-f]{3,8}")}),
}  # fmt: skip
_BORDER: dict[str, Rule] = {"border": one_of(0, 1)}

section = shape({"elements": items(typed(_PARTS))})
_ELEMENTS: dict[str, Rule] = {
    "rich_text_section": section,
    "rich_text_quote": shape({"elements": items(typed(_PARTS))}, _BORDER),
    "rich_text_preformatted": shape(
        {"elements": items(typed({"text": _TEXT, "link": _LINK}))}, {**_BORDER, "language": string(least=1)}
    ),
    "rich_text_list": shape(
        {"elements": items(typed({"rich_text_section": section}), least=1), "style": one_of("bullet", "ordered")},
        {**_BORDER, "indent": integer(0, 8), "offset": integer(0)},
    ),
}

rich_text = shape({"elements": items(typed(_ELEMENTS), least=1)}, {"block_id": ID})
