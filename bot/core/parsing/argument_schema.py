"""The arguments of a command for parsing and forms, derived from its model."""

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from pydantic import BaseModel, create_model
from pydantic.fields import FieldInfo

from bot.core.parsing.arguments import Phrase, Positional, Rest, Valued

_SHORT: Final = {"expiration": "-e", "read-only": "-r", "group": "-g", "location": "-l"}


@dataclass(frozen=True, slots=True)
class Argument:
    """One field of an argument model."""

    field: str
    key: str
    """The key in the model's input: the alias, or the field's name."""
    label: str
    """The name for people: `NAME` or `--read-only`."""
    required: bool
    flag: bool = False
    rest: bool = False
    joined: bool = True
    """Only for an argument that takes all remaining words: True for one text, False for a tuple of words."""
    count: Callable[[Sequence[str]], int] | None = None
    """Only for an option whose value may have several words: returns how many of the following words belong to it."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The arguments of a model, grouped for parsing."""

    places: tuple[Argument, ...]
    rest: Argument | None
    options: Mapping[str, Argument]
    """The options by spelling, such as `--expiration` and `-e` for the same option."""
    flags: tuple[Argument, ...]
    by_key: Mapping[str, Argument]


@cache
def shape_of(model: type[BaseModel]) -> Shape:
    """Return the arguments of a model. Cached."""
    arguments = [(_argument(name, info), info) for name, info in model.model_fields.items()]
    options = [argument for argument, _ in arguments if argument.label.startswith("--")]
    spelled = {argument.label: argument for argument in options}
    for argument in options:
        short = _SHORT.get(argument.label[2:])
        if short:
            spelled.setdefault(short, argument)
    return Shape(
        places=tuple(argument for argument, info in arguments if _marked(info, Positional)),
        rest=next((argument for argument, _ in arguments if argument.rest), None),
        options=spelled,
        flags=tuple(argument for argument in options if argument.flag),
        by_key={key: argument for argument, _ in arguments for key in (argument.field, argument.key)},
    )


@cache
def partial_of(model: type[BaseModel]) -> type[BaseModel]:
    """Return a copy of the model in which every field is optional. A missing value of a required field is None."""
    fields: dict[str, Any] = {}
    for name, info in model.model_fields.items():
        optional = copy(info)
        if info.is_required():
            optional.default = None
        fields[name] = (info.annotation, optional)
    return create_model(f"Partial{model.__name__}", **fields)


def action_options(args: BaseModel) -> frozenset[str]:
    """Return the flags that are set, as rules name them: `--now`, `--read-only`."""
    return frozenset(flag.label for flag in shape_of(type(args)).flags if getattr(args, flag.field))


def _argument(name: str, info: FieldInfo) -> Argument:
    key = info.alias or name
    rest = _marked(info, Rest)
    placed = rest or _marked(info, Positional)
    return Argument(
        field=name,
        key=key,
        label=key.upper() if placed else f"--{key.replace('_', '-')}",
        required=info.is_required(),
        flag=info.annotation is bool and not placed and not _marked(info, Valued),
        rest=rest,
        joined=info.annotation is str or info.annotation == (str | None),
        count=next((entry.count for entry in info.metadata if isinstance(entry, Phrase)), None),
    )


def _marked(info: FieldInfo, marker: type[Any]) -> bool:
    return any(isinstance(entry, marker) or entry is marker for entry in info.metadata)
