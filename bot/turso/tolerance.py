"""How answers are read tolerantly: keys in either casing, and nulls where a value is meant."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AliasChoices, BaseModel, ConfigDict, GetCoreSchemaHandler
from pydantic_core import core_schema


class Wire(BaseModel):
    """A frozen value that Turso sent. Unknown keys are left out; construct it by field names."""

    model_config = ConfigDict(frozen=True, extra="ignore")


def spelled(wire: str, *also: str) -> AliasChoices:
    """Return the spellings under which a key is found: the exact one first, then other casings of it.

    The live API has sent `Hostname` and `hostname` in one object, so keys are never folded blindly.
    """
    words = re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])", wire)
    lower = [word.lower() for word in words]
    pascal = "".join(word.capitalize() for word in words)
    casings = [
        wire,
        "_".join(lower),
        lower[0] + pascal[len(lower[0]) :],
        pascal,
        "".join(lower),
        "".join(lower).upper(),
    ]
    return AliasChoices(*dict.fromkeys([*casings, *also]))


def exactly_or_cased(raw: Mapping[str, Any], spellings: AliasChoices) -> Any:
    """Return the value under the first of the spellings that is there. Raises LookupError when none is."""
    for spelling in spellings.choices:
        if spelling in raw:
            return raw[str(spelling)]
    raise LookupError(spellings.choices[0])


@dataclass(frozen=True)
class NullAs:
    """Annotation: null means the same as a key that is absent."""

    make: Callable[[], object]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        null = core_schema.no_info_after_validator_function(lambda _: self.make(), core_schema.none_schema())
        return core_schema.union_schema([handler(source), null], mode="left_to_right")


Flag = Annotated[bool, NullAs(bool)]
Text = Annotated[str, NullAs(str)]
Texts = Annotated[tuple[str, ...], NullAs(tuple)]
