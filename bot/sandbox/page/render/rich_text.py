"""Renders `rich_text` blocks. Their text contains no markup, so it isn't parsed."""

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup, escape

from .dates import date_element
from .directory import Directory
from .emoji import emoji, with_emoji
from .links import link
from .mrkdwn import channel_mention, group_mention, mass_mention, person_mention, preformatted

Piece = Mapping[str, Any]
_STYLES = {"bold": "strong", "italic": "em", "strike": "s", "underline": "u", "code": "code"}


def rich_text(elements: Sequence[Piece], names: Directory) -> Markup:
    """Render the `elements` of a rich_text block: sections, lists, quotes and preformatted text."""
    return Markup("").join(_element(element, names) for element in elements)


def inline(pieces: Sequence[Piece], names: Directory) -> Markup:
    """Render the text elements of a section, quotation, list item or preformatted block, in order."""
    return Markup("").join(_piece(piece, names) for piece in pieces)


def flat(element: Piece) -> str:
    """Return the plain text of a rich_text block or of a part of it, for editing in a text field."""
    if "elements" in element:
        return " ".join(flat(child) for child in element["elements"])
    return str(element.get("text") or element.get("name") or element.get("user_id") or "")


def _element(element: Piece, names: Directory) -> Markup:
    children = element.get("elements", [])
    match element.get("type"):
        case "rich_text_section":
            return Markup('<div class="rt">{}</div>').format(inline(children, names))
        case "rich_text_quote":
            return Markup("<blockquote>{}</blockquote>").format(inline(children, names))
        case "rich_text_preformatted":
            return preformatted(inline(children, names))
        case "rich_text_list":
            return _list(element, names)
        case other:
            return Markup('<span class="unknown">Unknown rich text: {}</span>').format(other)


def _list(element: Piece, names: Directory) -> Markup:
    tag = Markup("ol" if element.get("style") == "ordered" else "ul")  # noqa: S704
    items = Markup("").join(
        Markup("<li>{}</li>").format(inline(item.get("elements", []), names)) for item in element.get("elements", [])
    )
    start = Markup(' start="{}"').format(int(element["offset"]) + 1) if element.get("offset") else Markup("")
    indent = max(0, min(8, int(element.get("indent") or 0)))
    bordered = " bordered" if element.get("border") else ""
    return Markup('<{0}{1} class="indent-{2}{3}">{4}</{0}>').format(tag, start, indent, bordered, items)


def _piece(piece: Piece, names: Directory) -> Markup:
    styles = [tag for name, tag in _STYLES.items() if (piece.get("style") or {}).get(name)]
    drawn = _bare(piece, names)
    for tag in reversed(styles):
        drawn = Markup("<{0}>{1}</{0}>").format(Markup(tag), drawn)  # noqa: S704  (a value of _STYLES)
    return drawn


def _bare(piece: Piece, names: Directory) -> Markup:
    match piece.get("type"):
        case "text":
            return Markup("<br>").join(escape(line) for line in str(piece.get("text", "")).split("\n"))
        case "link":
            return link(str(piece.get("url", "")), str(piece.get("text") or piece.get("url", "")))
        case "emoji":
            return escape(emoji().get(str(piece.get("name")), f":{piece.get('name')}:"))
        case "user":
            return person_mention(str(piece.get("user_id", "")), names)
        case "channel":
            return channel_mention(str(piece.get("channel_id", "")), names)
        case "usergroup":
            return group_mention(str(piece.get("usergroup_id", "")), names)
        case "broadcast":
            return mass_mention(f"@{piece.get('range', 'channel')}")
        case "date":
            return date_element(
                piece.get("timestamp", ""),
                str(piece.get("format", "")),
                str(piece.get("fallback") or ""),
                piece.get("url"),
            )
        case "color":
            return Markup("<code>{}</code>").format(piece.get("value", ""))
        case other:
            return Markup('<span class="unknown">Unknown text element: {}</span>').format(with_emoji(str(other)))
