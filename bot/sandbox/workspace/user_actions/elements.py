"""Finds elements in messages and views, and works out the values that a choice produces."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bot.sandbox.workspace.model import Json, Message
from bot.sandbox.workspace.records import CannotAct

_SINGLE_VALUE = {
    "users_select": "selected_user",
    "conversations_select": "selected_conversation",
    "channels_select": "selected_channel",
    "datepicker": "selected_date",
    "timepicker": "selected_time",
    "datetimepicker": "selected_date_time",
}
_MANY_VALUES = {
    "multi_users_select": "selected_users",
    "multi_conversations_select": "selected_conversations",
    "multi_channels_select": "selected_channels",
}
_OPTION = frozenset({"static_select", "external_select", "radio_buttons", "overflow"})
_OPTIONS = frozenset({"multi_static_select", "multi_external_select", "checkboxes"})
_TYPED = frozenset({"plain_text_input", "number_input", "email_text_input", "url_text_input"})
STATELESS = frozenset({"button", "workflow_button", "overflow", "image", "feedback_buttons", "icon_button"})


def elements_of(blocks: list[Json]) -> Iterator[tuple[Json, Json]]:
    """Yield each block with each of its elements, also inside carousels and containers.

    These are the elements of actions, context actions, sections, inputs, cards and data tables.
    """
    for block in blocks:
        yield from ((block, element) for element in _direct(block))
        for inner in ("child_blocks", "elements"):
            if block.get("type") in ("container", "carousel"):
                yield from elements_of([each for each in block.get(inner, []) if isinstance(each, dict)])


def find(blocks: list[Json], action_id: str, block_id: str | None = None) -> tuple[Json, Json]:
    """Return the block and the element with this `action_id`.

    Raises:
        CannotAct: there is no such element.
    """
    for block, element in elements_of(blocks):
        if element.get("action_id") == action_id and block_id in (None, block.get("block_id")):
            return block, element
    raise CannotAct(f"There is nothing called {action_id} to press here.")


def part_with(message: Message, action_id: str) -> tuple[int | None, list[Json]]:
    """Return the number (from 1) and blocks of the attachment with this element, or None and the message's blocks."""
    for number, attachment in enumerate(message.attachments, start=1):
        blocks: list[Json] = attachment.get("blocks") or []
        if any(element.get("action_id") == action_id for _, element in elements_of(blocks)):
            return number, blocks
    return None, message.blocks


def _direct(block: Json) -> Iterator[Json]:
    kind = block.get("type")
    elements: list[Any] = []
    if kind in ("actions", "context_actions"):
        elements = block.get("elements", [])
    elif kind == "section":
        elements = [block.get("accessory")]
    elif kind == "input":
        elements = [block.get("element")]
    elif kind == "card":
        elements = block.get("actions", [])
    elif kind == "data_table":
        cells = (cell for row in block.get("rows", []) for cell in row)
        elements = [
            cell.get("element") for cell in cells if isinstance(cell, dict) and cell.get("type") == "action_cell"
        ]
    for element in elements:
        if not isinstance(element, dict):
            continue
        if element.get("type") == "feedback_buttons":
            sides = ("positive_button", "negative_button")
            yield from ({**element[side], **element} for side in sides if isinstance(element.get(side), dict))
        else:
            yield element


def options_of(element: Json) -> list[Json]:
    """Return a menu's options, whether in groups or not, and its initial options."""
    grouped = [option for group in element.get("option_groups", []) for option in group.get("options", [])]
    first = [element["initial_option"]] if element.get("initial_option") else []
    return [*element.get("options", []), *grouped, *first, *element.get("initial_options", [])]


def chosen(element: Json, selected: Any, offered: list[Json] | None = None) -> Json:
    """Return the fields with which an action or `state.values` reports a choice: `selected_option`, `value`, …

    Args:
        selected: an option's value, a list of them, an ID, a date, or the text that was typed. None deselects. A button
            ignores it and reports its own `value`.
        offered: the options that the app returned for an external menu.
    Raises:
        CannotAct: there is no such option.
    """
    kind = str(element.get("type"))
    if kind in _OPTION:
        return {"selected_option": _option(element, selected, offered)}
    if kind in _OPTIONS:
        return {"selected_options": [_option(element, each, offered) for each in selected or []]}
    if kind in _SINGLE_VALUE:
        return {_SINGLE_VALUE[kind]: selected}
    if kind in _MANY_VALUES:
        return {_MANY_VALUES[kind]: list(selected or [])}
    if kind in _TYPED:
        return {"value": None if selected in (None, "") else str(selected)}
    if kind == "rich_text_input":
        return {"rich_text_value": _rich(selected)}
    if kind == "file_input":
        return {"files": list(selected or [])}
    return {"value": element["value"]} if "value" in element else {}


def initial(element: Json, *, channel_id: str | None = None) -> Json:
    """Return what `state.values` contains for an unchanged element."""
    kind = str(element.get("type"))
    if kind in _OPTION:
        return {"type": kind, "selected_option": element.get("initial_option")}
    if kind in _OPTIONS:
        return {"type": kind, "selected_options": list(element.get("initial_options", []))}
    if kind in _SINGLE_VALUE:
        name = _SINGLE_VALUE[kind]
        known = element.get(name.replace("selected", "initial"))
        here = channel_id if element.get("default_to_current_conversation") else None
        return {"type": kind, name: known if known is not None else here}
    if kind in _MANY_VALUES:
        name = _MANY_VALUES[kind]
        return {"type": kind, name: list(element.get(name.replace("selected", "initial"), []))}
    if kind in _TYPED:
        return {"type": kind, "value": element.get("initial_value")}
    return {"type": kind, **chosen(element, element.get("initial_value"))}


def has_state(element: Json) -> bool:
    return element.get("type") not in STATELESS and "action_id" in element


def values_of(blocks: list[Json], known: Json, *, channel_id: str | None = None) -> Json:
    """Return `state.values` of these blocks. Elements without a value in `known` have their initial value."""
    values: Json = {}
    for block, element in elements_of(blocks):
        if has_state(element):
            block_id, action_id = str(block.get("block_id")), str(element["action_id"])
            kept = known.get(block_id, {}).get(action_id)
            same = kept is not None and kept.get("type") == element.get("type")
            values.setdefault(block_id, {})[action_id] = kept if same else initial(element, channel_id=channel_id)
    return values


def _option(element: Json, value: Any, offered: list[Json] | None) -> Json | None:
    if value is None:
        return None
    for option in (*options_of(element), *(offered or [])):
        if option.get("value") == value:
            return option
    raise CannotAct(f"{value!r} is not among the options of {element.get('action_id')}.")


def _rich(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    section = {"type": "rich_text_section", "elements": [{"type": "text", "text": value}]}
    return {"type": "rich_text", "elements": [section]}
