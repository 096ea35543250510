"""Builds a form's inputs, one for each argument of a command, and reads their submitted values."""

import types
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from bot.blocks import kit
from bot.blocks.kit import Element
from bot.blocks.text import Mrkdwn, Plain, mrkdwn
from bot.core.declaration import Declaration
from bot.core.parsing.argument_schema import Argument, shape_of
from bot.core.parsing.arguments import (
    ChannelRef,
    Count,
    DatabaseName,
    Duration,
    Expiration,
    GroupName,
    GroupRef,
    LocationCode,
    Month,
    Since,
    UserRef,
)
from bot.core.parsing.moments import Moment
from bot.core.reply import Block

DATABASE_ACTION: Final = "form.database"
"""The `action_id` of every menu of databases. Slack asks the bot for its options while a person types."""
INPUT_ACTION: Final = "form.input"
ARGUMENT: Final = "arg."
FLAGS: Final = "flags"
OPTIONS_OF_A_MENU: Final = 100
PAGING: Final = frozenset({"page", "before"})
"""Arguments that buttons set to turn pages. Forms and help leave them out."""

_LABELS: Final[Mapping[str, str]] = {
    "name": "Database",
    "filter": "Name contains",
    "reads": "Block reads, too",
    "for": "For how long",
    "expiration": "Valid for",
    "read-only": "Read-only",
    "now": "Immediately, without quarantine",
    "since": "Since",
    "month": "Month",
    "top": "Number of databases",
    "key": "Incident key",
    "tz": "Time zone",
    "literals": "Show values in queries",
    "mine": "Only my requests",
    "my_tokens": "Only my tokens",
    "at": "As of",
    "to-approve": "Only requests I can approve",
    "user": "Person",
    "db": "Database",
    "as": "As this person",
    "in": "In this channel",
    "on": "On or off",
    "protection": "Delete protection",
    "quota": "Quota thresholds (percent)",
    "spike": "Spike threshold (times the usual level)",
    "forecast": "Forecast when a quota is used up",
    "mention": "People or user groups to mention",
    "delegate": "Person who can approve for you",
    "to": "Time before the mistake",
    "command": "Command line",
}
_HINTS: Final[tuple[tuple[Any, str], ...]] = (
    (Duration, "30m, 2h, 1d"),
    (Expiration, "1h, 2d12h, never"),
    (Since, "7d, or a day such as 2026-10-01"),
    (Moment, "14:02, 15m ago, 2026-11-27 14:02"),
    (Month, "2026-10"),
    (Count, "10"),
    (GroupName, "default"),
    (LocationCode, "aws-us-east-1"),
    (GroupRef, "S0ABC123"),
)


def argument_inputs(spec: Declaration, given: Mapping[str, Any]) -> list[Block]:
    """Return an input for each argument, filled with the values in `given`. All flags share one block.

    Arguments in `PAGING` are left out.
    """
    model = spec.args
    blocks = [_input(spec, argument, info, _initial_text(given, argument)) for argument, info in _fields(model)]
    flags = list(shape_of(model).flags)
    return [*blocks, *flag_inputs([(one.label, label_of(one)) for one in flags], _set_flags(flags, given))]


def flag_inputs(
    choices: list[tuple[str, str]], chosen: list[str], block_id: str = FLAGS, label: str = "Options"
) -> list[Block]:
    """Return check boxes whose values are the flags themselves. Returns no block without flags."""
    if not choices:
        return []
    options = {value: kit.option(Plain(label), value) for value, label in choices[:10]}
    element: Element = {"type": "checkboxes", "action_id": INPUT_ACTION, "options": list(options.values())}
    if initial := [options[value] for value in chosen if value in options]:
        element["initial_options"] = initial
    return [kit.input_block(block_id, Plain(label), element, optional=True)]


def filled_arguments(model: type[BaseModel], values: Mapping[str, Any]) -> Iterator[tuple[Argument, str | list[str]]]:
    """Yield the arguments that were filled in, with their texts.

    A `Rest` argument whose words aren't joined has a list of words instead.
    """
    for argument, _ in _fields(model):
        value = values.get(block_of(argument))
        if isinstance(value, str) and value.strip():
            text = " ".join(value.split())
            yield argument, text.split(" ") if argument.rest and not argument.joined else text


def block_of(argument: Argument) -> str:
    """Return the `block_id` of an argument's input."""
    return f"{ARGUMENT}{argument.key}"


def label_of(argument: Argument) -> str:
    """Return the label of an argument's input. The field's name decides first, as an option can mean several things."""
    key = argument.key.replace("_", "-")
    return _LABELS.get(argument.field) or _LABELS.get(key) or key.replace("-", " ").capitalize()


def option_lines(model: type[BaseModel]) -> list[Mrkdwn]:
    """Return a line about each option of a command, with the labels of its form."""
    shape, lines = shape_of(model), []
    for name, info in model.model_fields.items():
        option = shape.by_key[info.alias or name]
        if not option.label.startswith("--") or option.key in PAGING:
            continue
        example = next((one for kind, one in _HINTS if has_type(info, kind)), "") or ", ".join(_choices(info))
        such = mrkdwn(" (such as {})", example) if example and not option.flag else Mrkdwn("")
        lines.append(mrkdwn("`{}` {}{}", option.label, label_of(option), such))
    return lines


def text_input(*, initial: str = "", placeholder: str = "", multiline: bool = False, at_most: int = 500) -> Element:
    """Return a text input."""
    element: Element = {
        "type": "plain_text_input",
        "action_id": INPUT_ACTION,
        "multiline": multiline,
        "max_length": at_most,
    }
    element |= {"initial_value": initial[:at_most]} if initial else {}
    return element | ({"placeholder": kit.text_object(Plain(placeholder), 150)} if placeholder else {})


def name_option(name: str, *, is_archived: bool = False) -> Element:
    """Return the option of a menu for one database."""
    return kit.option(Plain(name), name[:150], Plain("archived") if is_archived else None)


def has_type(info: FieldInfo, kind: Any) -> bool:
    """Return True if a field has one of the types of `core.parsing.arguments`, alone or as `| None`."""
    markers = get_args(kind)[1:]
    if not markers:  # a class, such as Expiration
        return kind is info.annotation or kind in get_args(info.annotation)
    inside = [part for one in _parts(info.annotation) if get_origin(one) is Annotated for part in get_args(one)[1:]]
    return any(markers[-1] == one or markers[0] == one for one in (*info.metadata, *inside))


def _parts(annotation: Any) -> tuple[Any, ...]:
    return get_args(annotation) if get_origin(annotation) in (Union, types.UnionType) else (annotation,)


def _fields(model: type[BaseModel]) -> list[tuple[Argument, FieldInfo]]:
    shape = shape_of(model)
    named = [(shape.by_key[info.alias or name], info) for name, info in model.model_fields.items()]
    return [(argument, info) for argument, info in named if not argument.flag and argument.key not in PAGING]


def _initial_text(given: Mapping[str, Any], argument: Argument) -> str:
    value = given.get(argument.key, given.get(argument.field))
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, list | tuple):
        return " ".join(str(one) for one in value)
    return "" if value is None else str(value)


def _set_flags(flags: list[Argument], given: Mapping[str, Any]) -> list[str]:
    return [flag.label for flag in flags if given.get(flag.key) is True or given.get(flag.field) is True]


def _input(spec: Declaration, argument: Argument, info: FieldInfo, given: str) -> Block:
    element = _element(spec, argument, info, given)
    hint = next((Plain(f"For example: {example}") for kind, example in _HINTS if has_type(info, kind)), None)
    label = "Name of the new database" if _names_new_database(spec, argument) else label_of(argument)
    return kit.input_block(block_of(argument), Plain(label), element, hint=hint, optional=not argument.required)


def _names_new_database(spec: Declaration, argument: Argument) -> bool:
    return spec.makes_name and argument.key == "name"


def _element(spec: Declaration, argument: Argument, info: FieldInfo, given: str) -> Element:
    if choices := _choices(info):
        return _menu(choices, given)
    if has_type(info, DatabaseName) and not _names_new_database(spec, argument):
        return _database_menu(given)
    if has_type(info, UserRef):
        return _picker("users_select", "initial_user", given)
    if has_type(info, ChannelRef):
        return _picker("conversations_select", "initial_conversation", given)
    default = info.default if isinstance(info.default, str | int) and not given and not info.is_required() else ""
    return text_input(initial=given or str(default))


def _choices(info: FieldInfo) -> tuple[str, ...]:
    for part in _parts(info.annotation):
        if get_origin(part) is Literal:
            return tuple(str(one) for one in get_args(part))
        if part is bool:
            return ("on", "off")
    return ()


def _menu(choices: tuple[str, ...], given: str) -> Element:
    options = {choice: kit.option(Plain(choice), choice) for choice in choices[:OPTIONS_OF_A_MENU]}
    element: Element = {"type": "static_select", "action_id": INPUT_ACTION, "options": list(options.values())}
    return element | ({"initial_option": options[given]} if given in options else {})


def _database_menu(given: str) -> Element:
    element: Element = {
        "type": "external_select",
        "action_id": DATABASE_ACTION,
        "min_query_length": 0,
        "placeholder": kit.text_object(Plain("Choose or type a name"), 150),
    }
    return element | ({"initial_option": name_option(given)} if given else {})


def _picker(kind: str, initial: str, given: str) -> Element:
    user_id = given.strip("<@#>").partition("|")[0]
    return {"type": kind, "action_id": INPUT_ACTION} | ({initial: user_id} if user_id else {})
