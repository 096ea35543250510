"""What people filled in: Slack's `state` as plain values, by `block_id`."""

from collections.abc import Mapping
from typing import Any, Final

from bot.core.text_cleaning import clean

_SINGLE: Final = (
    "value",
    "selected_user",
    "selected_channel",
    "selected_conversation",
    "selected_date",
    "selected_time",
)
_MANY: Final = ("selected_users", "selected_channels", "selected_conversations")


def values_of(state: object) -> dict[str, Any]:
    """Flatten a `state`: a block with one input by its `block_id`, more inputs also by their `action_id`."""
    blocks = state.get("values") if isinstance(state, dict) else None
    flat: dict[str, Any] = {}
    for block_id, actions in blocks.items() if isinstance(blocks, dict) else ():
        for action_id, element in actions.items() if isinstance(actions, dict) else ():
            value = plain_value(element)
            flat.setdefault(block_id, value)
            if len(actions) > 1:
                flat[action_id] = value
    return flat


def plain_value(element: object) -> str | int | list[str] | None:
    """Return what one input or button holds: text, an id, an option's value, or a list of those; None: nothing."""
    if not isinstance(element, Mapping):
        return None
    if isinstance(options := element.get("selected_options"), list):
        return [value for one in options if (value := _option(one)) is not None]
    if "selected_option" in element:
        return _option(element["selected_option"])
    for name in _MANY:
        if isinstance(found := element.get(name), list):
            return [clean(one) for one in found if isinstance(one, str)]
    if isinstance(moment := element.get("selected_date_time"), int):
        return moment
    return next((clean(found) for name in _SINGLE if isinstance(found := element.get(name), str)), None)


def _option(option: object) -> str | None:
    value = option.get("value") if isinstance(option, Mapping) else None
    return clean(value) if isinstance(value, str) else None
