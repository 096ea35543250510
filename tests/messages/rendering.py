"""Renders a message, a modal or a Home tab for an editor: first the notification, then the visible content."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

_DATES: Final = (
    (re.compile(r"<!date\^\d+\^\{date_short_pretty\} at \{time\}\|[^>]*>"), "today at 1:43 AM"),
    (re.compile(r"<!date\^\d+\^\{time\}\|[^>]*>"), "1:43 AM"),
    (re.compile(r"<!date\^\d+\^\{date_short\}\|[^>]*>"), "Nov 24, 2026"),
    (re.compile(r"\b\d{4}-\d{2}-\d{2}( \d{2}:\d{2}(:\d{2})?( UTC)?)?"), "2026-11-24"),
    (re.compile(r"\b\d{4}-\d{2}\b"), "2026-11"),
    (re.compile(r"(?<=-(?:spike|quota))-\d{4}\b"), "-1124"),
)
_NAMES: Final = {
    "U0ANA": "Ana",
    "U0BEN": "Ben",
    "U0DANA": "Dana",
    "U0REMY": "Remy",
    "U0GIL": "Gil",
    "U0STELLA": "Stella",
}
_VARYING: Final = (
    (re.compile(r"eyJ[\w.-]+"), "eyJ…"),
    (re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "0193c0de-…"),
    (re.compile(r"\b([rin])-[0-9a-z]{10}\b"), r"\1-wmq3…"),
    (re.compile(r"\b[0-9a-f]{12,64}\b"), "ab12…"),
    (re.compile(r"-rewind-\d{4}-\d{4}-[0-9a-f]{6}\b"), "-rewind-1124-0143-5d41ab"),
    (re.compile(r"127\.0\.0\.1:\d+"), "orders-acme.turso.io"),
    (re.compile(r"\d{1,3}(?:,\d{3})+"), "1,234"),
    (re.compile(r"[\d.]+ (?:Bytes|[KMGT]iB)"), "1.2 MiB"),
    (re.compile(r"[+-][\d,]+%(?= vs\.)|\bsame as(?= the previous| same days)"), "+17% vs."),
    (re.compile(r"vs\. vs\."), "vs."),
    (re.compile(r"[<\d.]+% of quota"), "1.2% of quota"),
    (re.compile(r"\b\d+ seconds?\b(?! ago)"), "2 seconds"),
    (re.compile(r"\b[\d.]+× usual"), "1.2× usual"),
    (re.compile(r"\b(?:just now|(?:\d+ hours? )?\d+ (?:second|minute)s?(?: \d+ seconds?)? ago)\b"), "just now"),
    (re.compile(r"\bhas been active for \d+ min\b"), "started just now"),
    (re.compile(r"\b(?:\d+ h )?\d+ (?:h|min) left\b"), "2 h left"),
    (re.compile(r"(?<![\d,])\d[\d,]* (rows(?: read| written)?|written|read)\b"), r"1,234 \1"),
    (re.compile(r"(\*Rows (?:read|written)[^*]*\*): \d[\d,]*"), r"\1: 1,234"),
)
"""Patterns of what differs in each run (IDs, tokens, addresses, durations, counters) and replacements."""


def masked(text: str) -> str:
    """Replace IDs by names, and times and numbers by constants."""
    for pattern, words in (*_DATES, *_VARYING):
        text = pattern.sub(words, text)
    text = re.sub(r"<@([A-Z0-9]+)>", lambda found: f"@{_NAMES.get(found[1], found[1])}", text)
    text = re.sub(r"<#([A-Z0-9]+)>", r"#\1", text)
    text = re.sub(r"<!subteam\^([A-Z0-9]+)>", r"@\1", text)
    text = re.sub(r"`/[^`]*/(turso-ops\.db)`", r"`/srv/data/\1`", text)
    text = re.sub(r"<https?://[^|>]*\|([^>]*)>", r"[\1]", text)
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def rendered(blocks: Iterable[Mapping[str, Any]], text: str = "") -> str:
    """Render a message, below the text of its notification."""
    lines = [f"Notification: {masked(text)}"] if text else []
    for block in blocks:
        lines += [line for line in masked("\n".join(_block(block))).split("\n") if line.strip()]
    return "\n".join(f"> {line}" for line in lines)


def rendered_view(view: Mapping[str, Any]) -> str:
    """Render a modal or a Home tab."""
    title = view.get("title", {}).get("text", "")
    submit = view.get("submit", {}).get("text", "")
    body = rendered(view["blocks"])
    head = f"> **{masked(title)}**\n" if title else ""
    return f"{head}{body}" + (f"\n> [{submit}]" if submit else "")


def _block(block: Mapping[str, Any]) -> list[str]:
    kind = block["type"]
    if kind in ("section", "header"):
        lines = [block["text"]["text"]] if "text" in block else []
        lines += [one["text"].replace("\n", ": ") for one in block.get("fields", ())]
        return lines + ([_element(block["accessory"])] if "accessory" in block else [])
    if kind == "context":
        return ["_" + " · ".join(one.get("text", "") for one in block["elements"]) + "_"]
    if kind == "actions":
        return [" ".join(map(_element, block["elements"]))]
    if kind == "input":
        hint = block.get("hint", {}).get("text", "")
        asks = f"{block['label']['text']}{' (optional)' if block.get('optional') else ''}: {_element(block['element'])}"
        return [f"{asks} ({hint})" if hint else asks]
    if kind == "rich_text":
        return [line for element in block["elements"] for line in _rich(element)]
    if kind == "data_table":
        rows = [[cell.get("text", "") for cell in row] for row in block["rows"][:2]]
        return [f"Table: {block['caption']}", *(" | ".join(row) for row in rows), "…"]
    return [f"Chart: {block.get('title', '')}"] if kind == "data_visualization" else []


def _element(element: Mapping[str, Any]) -> str:
    kind = element["type"]
    if kind == "button":
        asks = element.get("confirm")
        dialog = f" (asks: {asks['title']['text']} {asks['text']['text']} [{asks['confirm']['text']}])" if asks else ""
        return f"[{element['text']['text']}]{dialog}"
    if options := element.get("options"):
        return " / ".join(one["text"]["text"] for one in options)
    placeholder: str = element.get("placeholder", {}).get("text", "")
    return f"‹{placeholder}›" if placeholder else "…"


def _rich(element: Mapping[str, Any]) -> Sequence[str]:
    kind = element["type"]
    if kind == "rich_text_list":
        lines = ["".join(_rich(one)) for one in element["elements"]]
        return [f"{at}. {line}" if element["style"] == "ordered" else f"• {line}" for at, line in enumerate(lines, 1)]
    words = "".join(one.get("text", "") for one in element["elements"])
    return [f"“{words}”" if kind == "rich_text_quote" else words]
