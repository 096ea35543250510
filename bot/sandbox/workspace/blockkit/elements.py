"""Interactive elements: buttons, menus, pickers and inputs, and which blocks may contain them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from bot.sandbox.workspace.blockkit.objects import (
    ID,
    confirm,
    conversation_filter,
    dispatch_config,
    image_element,
    option,
    option_groups,
    options,
    plain,
    text,
    workflow,
)
from bot.sandbox.workspace.blockkit.rich_text import rich_text
from bot.sandbox.workspace.blockkit.rules import (
    At,
    Rule,
    boolean,
    both,
    exactly_one,
    integer,
    items,
    listed,
    one_of,
    shape,
    string,
    url,
)

_STYLE = one_of("primary", "danger")
_USER_IDS = items(string(least=1), least=1, most=10)


def _element(required: Mapping[str, Rule], optional: Mapping[str, Rule] | None = None, *,
             then: Rule | None = None) -> Rule:  # fmt: skip
    """Return the rule for an interactive element. It may have an `action_id`."""
    return shape(required, {"action_id": ID, **(optional or {})}, then=then)


def _input(required: Mapping[str, Rule], optional: Mapping[str, Rule] | None = None, *, then: Rule | None = None,
           placeholder: bool = True) -> Rule:  # fmt: skip
    """Return the rule for an element with a value. It may have `focus_on_load`, and with `placeholder` that field."""
    shared: dict[str, Rule] = {"focus_on_load": _focus}
    if placeholder:
        shared["placeholder"] = plain(150)
    return _element(required, {**shared, **(optional or {})}, then=then)


def _focus(value: Any, at: At) -> None:
    boolean(value, at)
    if value is True and at.add("focus_on_load", 1) > 1:
        at.fail("only one element can have focus_on_load", "too_many", 1)


# -- buttons

button = _element(
    {"text": plain(75)},
    {
        "value": string(2000),
        "url": url(3000),
        "style": _STYLE,
        "confirm": confirm,
        "accessibility_label": string(75, least=1),
        "visible_to_user_ids": _USER_IDS,
        "agent_prompt": string(4000, least=1),
        "agent_prompt_display": string(least=1),
    },
)
workflow_button = _element(
    {"text": plain(75), "workflow": workflow}, {"style": _STYLE, "accessibility_label": string(75, least=1)}
)
overflow = _element({"options": options(1, 5, with_url=True)}, {"confirm": confirm})
_feedback = shape({"text": plain(75), "value": string(2000, least=1)}, {"accessibility_label": string(75, least=1)})
feedback_buttons = _element({"positive_button": _feedback, "negative_button": _feedback})
icon_button = _element(
    {"icon": one_of("trash"), "text": plain(75)},
    {
        "value": string(2000),
        "confirm": confirm,
        "accessibility_label": string(75, least=1),
        "visible_to_user_ids": _USER_IDS,
    },
)

# -- menus


def _initial_is_offered(value: dict[str, Any], at: At) -> None:
    """Check that each initial choice equals an option in every field."""
    groups = [group for group in listed(value, "option_groups") if isinstance(group, dict)]
    offered = listed(value, "options") + [each for group in groups for each in listed(group, "options")]
    if value.get("initial_option") is not None and value["initial_option"] not in offered:
        (at / "initial_option").fail("must be one of the options", "invalid_option")
    for index, each in enumerate(listed(value, "initial_options")):
        if each not in offered:
            (at / "initial_options" / index).fail("must be one of the options", "invalid_option")


_MANY: dict[str, Rule] = {"max_selected_items": integer(1), "confirm": confirm}
_STATIC: dict[str, Rule] = {"options": options(1, 100), "option_groups": option_groups}
_IDS = items(string(least=1))
_static = both(exactly_one("options", "option_groups"), _initial_is_offered)
_CONVERSATIONS: dict[str, Rule] = {"default_to_current_conversation": boolean, "filter": conversation_filter}
_RESPONSE: dict[str, Rule] = {"response_url_enabled": boolean}

static_select = _input({}, {**_STATIC, "initial_option": option(), "confirm": confirm}, then=_static)
multi_static_select = _input({}, {**_STATIC, **_MANY, "initial_options": items(option())}, then=_static)
external_select = _input({}, {"min_query_length": integer(0), "initial_option": option(), "confirm": confirm})
multi_external_select = _input({}, {**_MANY, "min_query_length": integer(0), "initial_options": items(option())})
users_select = _input({}, {"initial_user": string(least=1), "confirm": confirm})
multi_users_select = _input({}, {**_MANY, "initial_users": _IDS})
conversations_select = _input(
    {}, {**_CONVERSATIONS, **_RESPONSE, "initial_conversation": string(least=1), "confirm": confirm}
)
multi_conversations_select = _input({}, {**_CONVERSATIONS, **_MANY, "initial_conversations": _IDS})
channels_select = _input({}, {**_RESPONSE, "initial_channel": string(least=1), "confirm": confirm})
multi_channels_select = _input({}, {**_MANY, "initial_channels": _IDS})

_CHOICES = options(1, 10, text_rule=text(75))
checkboxes = _input(
    {"options": _CHOICES},
    {"initial_options": items(option(text_rule=text(75)), least=1), "confirm": confirm},
    then=_initial_is_offered,
    placeholder=False,
)
radio_buttons = _input(
    {"options": _CHOICES},
    {"initial_option": option(text_rule=text(75)), "confirm": confirm},
    then=_initial_is_offered,
    placeholder=False,
)

# -- pickers


def _a_day(value: Any, at: At) -> None:
    try:
        if len(value) != 10:
            raise ValueError
        date.fromisoformat(value)
    except (TypeError, ValueError):
        at.fail("must match the format YYYY-MM-DD", "invalid_format")


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _a_zone(value: Any, at: At) -> None:
    if not isinstance(value, str) or value not in _zones():
        at.fail("must be an IANA time zone", "invalid_format")


_TIME = string(like=r"([01]\d|2[0-3]):[0-5]\d")
datepicker = _input({}, {"initial_date": _a_day, "confirm": confirm})
timepicker = _input({}, {"initial_time": _TIME, "timezone": _a_zone, "confirm": confirm})
datetimepicker = _input(
    {}, {"initial_date_time": integer(1_000_000_000, 9_999_999_999), "confirm": confirm}, placeholder=False
)

# -- inputs


def _lengths_fit(value: dict[str, Any], at: At) -> None:
    least, most = value.get("min_length"), value.get("max_length")
    if isinstance(least, int) and isinstance(most, int) and least > most:
        (at / "min_length").fail("must not be more than max_length", "too_large", most)
    first = value.get("initial_value")
    if isinstance(first, str) and isinstance(most, int) and len(first) > most:
        (at / "initial_value").fail(f"must be less than {most + 1} characters", "too_long", most)


def _numbers_fit(value: dict[str, Any], at: At) -> None:
    try:
        known = {key: float(value[key]) for key in ("min_value", "max_value", "initial_value") if value.get(key)}
    except (TypeError, ValueError):
        return
    if known.get("min_value", float("-inf")) > known.get("max_value", float("inf")):
        (at / "min_value").fail("must not be more than max_value", "too_large")
    if value.get("is_decimal_allowed") is False and any(not each.is_integer() for each in known.values()):
        at.fail("decimal values need is_decimal_allowed", "invalid_format")


_DISPATCH: dict[str, Rule] = {"dispatch_action_config": dispatch_config}
_NUMBER = string(like=r"-?\d+(\.\d+)?")
plain_text_input = _input(
    {},
    {
        **_DISPATCH,
        "initial_value": string(3000),
        "multiline": boolean,
        "min_length": integer(0, 3000),
        "max_length": integer(1, 3000),
    },
    then=_lengths_fit,
)
number_input = _input(
    {"is_decimal_allowed": boolean},
    {**_DISPATCH, "initial_value": _NUMBER, "min_value": _NUMBER, "max_value": _NUMBER},
    then=_numbers_fit,
)
email_text_input = _input({}, {**_DISPATCH, "initial_value": string(3000)})
url_text_input = _input({}, {**_DISPATCH, "initial_value": string(3000)})
rich_text_input = _input(
    {}, {**_DISPATCH, "initial_value": rich_text, "min_lines": integer(1, 100), "max_lines": integer(1, 100)}
)
file_input = _element({}, {"filetypes": items(string(least=1), least=1), "max_files": integer(1, 10)})

# -- which block may contain which element

_SELECTS: dict[str, Rule] = {
    "static_select": static_select,
    "multi_static_select": multi_static_select,
    "external_select": external_select,
    "multi_external_select": multi_external_select,
    "users_select": users_select,
    "multi_users_select": multi_users_select,
    "conversations_select": conversations_select,
    "multi_conversations_select": multi_conversations_select,
    "channels_select": channels_select,
    "multi_channels_select": multi_channels_select,
}
_CHOOSERS: dict[str, Rule] = {
    **_SELECTS,
    "checkboxes": checkboxes,
    "radio_buttons": radio_buttons,
    "datepicker": datepicker,
    "timepicker": timepicker,
}
_PRESSED: dict[str, Rule] = {"button": button, "workflow_button": workflow_button, "overflow": overflow}
_INPUTS: dict[str, Rule] = {
    "plain_text_input": plain_text_input,
    "number_input": number_input,
    "email_text_input": email_text_input,
    "url_text_input": url_text_input,
    "rich_text_input": rich_text_input,
    "file_input": file_input,
}
IN_SECTION: dict[str, Rule] = {**_PRESSED, **_CHOOSERS, "image": image_element}
IN_ACTIONS: dict[str, Rule] = {
    **_PRESSED, **_CHOOSERS, "datetimepicker": datetimepicker, "rich_text_input": rich_text_input,
}  # fmt: skip
IN_INPUT: dict[str, Rule] = {**_CHOOSERS, **_INPUTS, "datetimepicker": datetimepicker}
IN_CONTEXT_ACTIONS: dict[str, Rule] = {"feedback_buttons": feedback_buttons, "icon_button": icon_button}
IN_CARD: dict[str, Rule] = {"button": button}
