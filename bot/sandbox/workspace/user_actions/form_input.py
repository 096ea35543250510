"""Filling in a modal: its values, the checks of Slack's client, and conversations chosen for `response_url`s."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from bot.sandbox.workspace.model import Json, View
from bot.sandbox.workspace.records import CannotAct
from bot.sandbox.workspace.user_actions import elements

_MAIL = re.compile(r"[^@\s]{1,254}@[^@\s]{1,254}\.[^@\s]{1,254}")
_LINK = re.compile(r"https?://\S+")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


def filled(view: View, values: Json, offered: Callable[[str], list[Json]]) -> Json:
    """Return `state.values` after `{block_id: value}` or `{block_id: {action_id: value}}` was filled in.

    Args:
        offered: returns the options that the app returned for an external menu, by `action_id`.
    Raises:
        CannotAct: the modal has no such field, or the menu no such option.
    """
    state = elements.values_of(view.blocks, view.values)
    for block_id, given in values.items():
        block, element = _input(view, block_id)
        action_id = str(element["action_id"])
        if isinstance(given, dict) and set(given) == {action_id}:
            given = given[action_id]
        choice = elements.chosen(element, given, offered(action_id))
        state[str(block["block_id"])] = {action_id: {"type": element["type"], **choice}}
    return state


def refusals(view: View) -> dict[str, str]:
    """Return the client's own errors for missing or invalid values, by `block_id`."""
    errors = {}
    for block in view.blocks:
        if block.get("type") == "input":
            element = block["element"]
            value = view.values.get(block["block_id"], {}).get(element.get("action_id"), {})
            if error := _refusal(block, element, value):
                errors[str(block["block_id"])] = error
    return errors


def response_channels(view: View) -> Iterator[tuple[str, str, str]]:
    """Yield the block, action and conversation IDs of each answered select with `response_url_enabled`."""
    for block, element in elements.elements_of(view.blocks):
        if element.get("response_url_enabled"):
            value = view.values.get(str(block.get("block_id")), {}).get(str(element.get("action_id")), {})
            if channel_id := value.get("selected_conversation") or value.get("selected_channel"):
                yield str(block["block_id"]), str(element["action_id"]), str(channel_id)


def _input(view: View, block_id: str) -> tuple[Json, Json]:
    for block, element in elements.elements_of(view.blocks):
        if block.get("block_id") == block_id and elements.has_state(element):
            return block, element
    raise CannotAct(f"This modal has no field {block_id}.")


def _refusal(block: Json, element: Json, value: Json) -> str | None:
    given = next((value[key] for key in value if key != "type"), None)
    if given in (None, "", []):
        return None if block.get("optional") else "Please complete this required field."
    check = _CHECKS.get(str(element.get("type")))
    return check(element, given) if check else None


def _text(element: Json, given: Any) -> str | None:
    if len(given) < int(element.get("min_length", 0)):
        return f"Please enter at least {element['min_length']} characters."
    if len(given) > int(element.get("max_length", 3000)):
        return f"Please enter at most {element.get('max_length', 3000)} characters."
    return None


def _number(element: Json, given: Any) -> str | None:
    if not _NUMBER.fullmatch(str(given)) or ("." in str(given) and not element.get("is_decimal_allowed")):
        return "Please enter a valid number."
    if "min_value" in element and float(given) < float(element["min_value"]):
        return f"Please enter a number of at least {element['min_value']}."
    if "max_value" in element and float(given) > float(element["max_value"]):
        return f"Please enter a number of at most {element['max_value']}."
    return None


def _many(element: Json, given: Any) -> str | None:
    most = element.get("max_selected_items")
    return f"Please choose at most {most}." if most is not None and len(given) > int(most) else None


def _mail(_: Json, given: Any) -> str | None:
    return None if _MAIL.fullmatch(str(given)) else "Please enter a valid email address."


def _link(_: Json, given: Any) -> str | None:
    return None if _LINK.fullmatch(str(given)) else "Please enter a valid URL."


_CHECKS: dict[str, Callable[[Json, Any], str | None]] = {
    "plain_text_input": _text,
    "number_input": _number,
    "email_text_input": _mail,
    "url_text_input": _link,
    "multi_static_select": _many,
    "multi_external_select": _many,
    "multi_users_select": _many,
    "multi_conversations_select": _many,
    "multi_channels_select": _many,
}
