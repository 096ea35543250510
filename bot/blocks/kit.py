"""Constructors for blocks and elements. They shorten text to Slack's limits."""

from collections.abc import Iterable, Sequence
from typing import Any, Final, Literal

from bot.blocks.text import Mrkdwn, Plain, cut, cut_mrkdwn, mrkdwn
from bot.core.reply import Block

Text = Mrkdwn | Plain
Element = dict[str, Any]
Style = Literal["primary", "danger"]

SECTION: Final = 3000
FIELD: Final = 2000
FIELDS: Final = 10
CONTEXT_ELEMENTS: Final = 10
ACTIONS: Final = 25
PREFORMATTED: Final = 2900


def text_object(text: Text, limit: int = SECTION) -> Element:
    """Return a text object. Slack adds no links of its own to mrkdwn, and replaces no emoji names in plain text."""
    if isinstance(text, Mrkdwn):
        return {"type": "mrkdwn", "text": cut_mrkdwn(text, limit) or " ", "verbatim": True}
    return {"type": "plain_text", "text": cut(text, limit) or " ", "emoji": False}


def section(text: Text, *, accessory: Element | None = None) -> Block:
    """Return a section: a paragraph, optionally with a button or a menu."""
    block: Block = {"type": "section", "text": text_object(text)}
    return block | {"accessory": accessory} if accessory else block


def fields(pairs: Iterable[tuple[str, Text]]) -> list[Block]:
    """Return labels with values, two per row, in as many section blocks as needed.

    The labels aren't escaped, so they must be constants.
    """
    cells = [{"type": "mrkdwn", "text": f"*{label}*\n{_inline(value)}", "verbatim": True} for label, value in pairs]
    return [{"type": "section", "fields": cells[start : start + FIELDS]} for start in range(0, len(cells), FIELDS)]


def _inline(value: Text) -> Mrkdwn:
    return cut_mrkdwn(value if isinstance(value, Mrkdwn) else mrkdwn("{}", value or "–"), FIELD - 200)


def context(*texts: Text) -> Block:
    """Return a context block: small grey text."""
    shown = [text_object(text, FIELD) for text in texts if text][:CONTEXT_ELEMENTS]
    return {"type": "context", "elements": shown or [text_object(Plain("–"))]}


def add_to_footer(blocks: Sequence[Block], text: Text) -> list[Block]:
    """Return blocks with a text added to the context block at the end. If there is none, or it is full, add a block."""
    if blocks and blocks[-1]["type"] == "context" and len(blocks[-1]["elements"]) < CONTEXT_ELEMENTS:
        elements = [*blocks[-1]["elements"], text_object(text, FIELD)]
        return [*blocks[:-1], {**blocks[-1], "elements": elements}]
    return [*blocks, context(text)]


def header(text: Plain) -> Block:
    """Return a header block."""
    return {"type": "header", "text": text_object(text, 150)}


def divider() -> Block:
    """Return a divider."""
    return {"type": "divider"}


def confirm(title: Plain, text: Text, yes: Plain, no: Plain | None = None, *, danger: bool = False) -> Element:
    """Return the dialog that Slack shows before it sends a click."""
    dialog = {
        "title": text_object(title, 100),
        "text": text_object(text, 300),
        "confirm": text_object(yes, 30),
        "deny": text_object(no or Plain("Not now"), 30),
    }
    return dialog | {"style": "danger"} if danger else dialog


def button(
    text: Plain, action_id: str, value: str = "", *, style: Style | None = None, confirm: Element | None = None
) -> Element:
    """Return a button. `value` is an ID, a command line or page numbers. Each click is authorized when it arrives.

    Raises:
        ValueError: the value is too long. A shortened ID or command would be a different one.
    """
    if len(value) > 2000:
        raise ValueError("a button's value takes at most 2000 characters")
    element: Element = {"type": "button", "text": text_object(text, 75), "action_id": action_id}
    element |= {"value": value} if value else {}
    element |= {"style": style} if style else {}
    return element | ({"confirm": confirm} if confirm else {})


def actions(*elements: Element, block_id: str = "") -> list[Block]:
    """Return a row of buttons, at most `ACTIONS`, or no block without buttons."""
    if not elements:
        return []
    block: Block = {"type": "actions", "elements": list(elements[:ACTIONS])}
    return [block | {"block_id": block_id[:255]} if block_id else block]


def option(text: Plain, value: str, description: Plain | None = None) -> Element:
    """Return an option of a menu."""
    element: Element = {"text": text_object(text, 75), "value": value}
    return element | ({"description": text_object(description, 75)} if description else {})


def input_block(block_id: str, label: Plain, element: Element, *, hint: Plain | None = None, optional: bool) -> Block:
    """Return a labelled input of a form."""
    block: Block = {
        "type": "input",
        "block_id": block_id[:255],
        "label": text_object(label, 2000),
        "element": element,
        "optional": optional,
    }
    return block | ({"hint": text_object(hint, 2000)} if hint else {})


def _text_element(text: str, **style: bool) -> Element:
    return {"type": "text", "text": text or " "} | ({"style": style} if style else {})


def quote(label: Plain, text: Plain, *, at_most: int = 1000) -> Block:
    """Return what a person wrote as a quote below a label, without interpreting it."""
    shown = cut(text, at_most)
    left = len(text) - len(shown)
    elements = [_text_element(shown)] + (
        [_text_element(f" ({left + 1:,} more characters)", italic=True)] if left > 0 else []
    )
    return {
        "type": "rich_text",
        "elements": [
            {"type": "rich_text_section", "elements": [_text_element(label, bold=True)]},
            {"type": "rich_text_quote", "elements": elements},
        ],
    }


def numbered(lines: Sequence[Plain]) -> Block:
    """Return a numbered list."""
    return _list_block("ordered", lines)


def bulleted(lines: Sequence[Plain]) -> Block:
    """Return a bulleted list."""
    return _list_block("bullet", lines)


def _list_block(style: str, lines: Sequence[Plain]) -> Block:
    points = [{"type": "rich_text_section", "elements": [_text_element(cut(line, 500))]} for line in lines]
    return {"type": "rich_text", "elements": [{"type": "rich_text_list", "style": style, "elements": points}]}


def preformatted(*lines: Plain | str, secret: bool = False) -> list[Block]:
    """Return preformatted text, in several blocks if it is long. A secret is never cleaned, cut or split."""
    if secret:
        return [_preformatted_block("\n".join(lines))]
    blocks, piece, length = [], list[str](), 0
    for line in (cut(line, PREFORMATTED) for line in lines):
        if piece and length + len(line) + 1 > PREFORMATTED:
            blocks.append(_preformatted_block("\n".join(piece)))
            piece, length = [], 0
        piece.append(line)
        length += len(line) + 1
    return [*blocks, _preformatted_block("\n".join(piece))] if piece else blocks


def _preformatted_block(text: str) -> Block:
    element = {"type": "rich_text_preformatted", "elements": [_text_element(text)]}
    return {"type": "rich_text", "elements": [element]}
