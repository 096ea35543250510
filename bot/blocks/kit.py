"""The blocks themselves, as Slack reads them; whatever is put in, they keep Slack's limits."""

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
    """A text object. Mark-up is `verbatim`: nothing in it becomes a link by itself. Emoji names stay names."""
    if isinstance(text, Mrkdwn):
        return {"type": "mrkdwn", "text": cut_mrkdwn(text, limit) or " ", "verbatim": True}
    return {"type": "plain_text", "text": cut(text, limit) or " ", "emoji": False}


def section(text: Text, *, accessory: Element | None = None) -> Block:
    """A paragraph, with a button or a menu at its side."""
    block: Block = {"type": "section", "text": text_object(text)}
    return block | {"accessory": accessory} if accessory else block


def fields(pairs: Iterable[tuple[str, Text]]) -> list[Block]:
    """Labels (ours) with their values, two in a row, in as many blocks as they need."""
    cells = [{"type": "mrkdwn", "text": f"*{label}*\n{_inline(value)}", "verbatim": True} for label, value in pairs]
    return [{"type": "section", "fields": cells[start : start + FIELDS]} for start in range(0, len(cells), FIELDS)]


def _inline(value: Text) -> Mrkdwn:
    return cut_mrkdwn(value if isinstance(value, Mrkdwn) else mrkdwn("{}", value or "–"), FIELD - 200)


def context(*texts: Text) -> Block:
    """Small print."""
    shown = [text_object(text, FIELD) for text in texts if text][:CONTEXT_ELEMENTS]
    return {"type": "context", "elements": shown or [text_object(Plain("–"))]}


def header(text: Plain) -> Block:
    """A title."""
    return {"type": "header", "text": text_object(text, 150)}


def divider() -> Block:
    """A line."""
    return {"type": "divider"}


def confirm(title: Plain, text: Text, yes: Plain, no: Plain | None = None, *, danger: bool = False) -> Element:
    """The dialog that Slack shows before it sends a click."""
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
    """A button. `value` is an opaque id or a command line; what it does is decided when it is pressed.

    Raises:
        ValueError: the value would not fit; half an id or half a command would be another one.
    """
    if len(value) > 2000:
        raise ValueError("a button's value takes at most 2000 characters")
    element: Element = {"type": "button", "text": text_object(text, 75), "action_id": action_id}
    element |= {"value": value} if value else {}
    element |= {"style": style} if style else {}
    return element | ({"confirm": confirm} if confirm else {})


def actions(*elements: Element, block_id: str = "") -> list[Block]:
    """A row of buttons; none for no buttons."""
    if not elements:
        return []
    block: Block = {"type": "actions", "elements": list(elements[:ACTIONS])}
    return [block | {"block_id": block_id[:255]} if block_id else block]


def option(text: Plain, value: str, description: Plain | None = None) -> Element:
    """One choice of a menu."""
    element: Element = {"text": text_object(text, 75), "value": value}
    return element | ({"description": text_object(description, 75)} if description else {})


def input_block(block_id: str, label: Plain, element: Element, *, hint: Plain | None = None, optional: bool) -> Block:
    """A labelled input of a form."""
    block: Block = {
        "type": "input",
        "block_id": block_id[:255],
        "label": text_object(label, 2000),
        "element": element,
        "optional": optional,
    }
    return block | ({"hint": text_object(hint, 2000)} if hint else {})


def _words(text: str, **style: bool) -> Element:
    return {"type": "text", "text": text or " "} | ({"style": style} if style else {})


def quote(label: Plain, text: Plain, *, at_most: int = 1000) -> Block:
    """What a person wrote, under our label: shown as it is, apart from what we say ourselves."""
    said = cut(text, at_most)
    left = len(text) - len(said)
    elements = [_words(said)] + ([_words(f" ({left + 1:,} more characters)", italic=True)] if left > 0 else [])
    return {
        "type": "rich_text",
        "elements": [
            {"type": "rich_text_section", "elements": [_words(label, bold=True)]},
            {"type": "rich_text_quote", "elements": elements},
        ],
    }


def numbered(lines: Sequence[Plain]) -> Block:
    """Numbered steps."""
    return _listed("ordered", lines)


def bulleted(lines: Sequence[Plain]) -> Block:
    """Points in no order."""
    return _listed("bullet", lines)


def _listed(style: str, lines: Sequence[Plain]) -> Block:
    points = [{"type": "rich_text_section", "elements": [_words(cut(line, 500))]} for line in lines]
    return {"type": "rich_text", "elements": [{"type": "rich_text_list", "style": style, "elements": points}]}


def preformatted(*lines: Plain | str, secret: bool = False) -> list[Block]:
    """Text in fixed width, for copying; long text in several blocks. A secret is never cleaned, cut or split."""
    if secret:
        return [_fixed("\n".join(lines))]
    blocks, piece, length = [], list[str](), 0
    for line in (cut(line, PREFORMATTED) for line in lines):
        if piece and length + len(line) + 1 > PREFORMATTED:
            blocks.append(_fixed("\n".join(piece)))
            piece, length = [], 0
        piece.append(line)
        length += len(line) + 1
    return [*blocks, _fixed("\n".join(piece))] if piece else blocks


def _fixed(text: str) -> Block:
    element = {"type": "rich_text_preformatted", "elements": [_words(text)]}
    return {"type": "rich_text", "elements": [element]}
