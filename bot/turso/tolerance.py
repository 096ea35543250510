"""How answers are read tolerantly: keys in either casing, and nulls where a value is meant."""

import re
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

import structlog
from pydantic import AfterValidator, AliasChoices, BaseModel, ConfigDict, Field, GetCoreSchemaHandler
from pydantic_core import core_schema

from bot.core.redaction.text_cleaning import clean

log = structlog.get_logger(__name__)


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


@dataclass(frozen=True)
class OtherwiseAs:
    """Annotation: null is as good as absent, and so is what cannot be read; of that the log has a warning."""

    make: Callable[[], object]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        null = core_schema.no_info_after_validator_function(lambda _: self.make(), core_schema.none_schema())
        other = core_schema.with_info_plain_validator_function(self._leave_out)
        return core_schema.union_schema([handler(source), null, other], mode="left_to_right")

    def _leave_out(self, value: Any, info: core_schema.ValidationInfo) -> Any:
        log.warning("turso.left_out", of=READING.get(), field=info.field_name, kind=type(value).__name__)
        return self.make()


READING: Final[ContextVar[str]] = ContextVar("reading", default="")
"""What is being read, as a warning names it."""
LARGEST: Final = 2**63 - 1
"""What both databases and all our sums can hold."""

Flag = Annotated[bool | None, NullAs(lambda: None)]
"""A switch of Turso's; None where it gave none. That is never the same as off: see `first_told`."""
Text = Annotated[str, AfterValidator(clean), OtherwiseAs(str)]
Texts = Annotated[tuple[str, ...], OtherwiseAs(tuple)]
Amount = Annotated[Annotated[int, Field(ge=0, le=LARGEST, strict=True)] | None, OtherwiseAs(lambda: None)]
"""A number of Turso's; None where it gave none, or one that cannot be."""
GroupName = Annotated[str | None, AfterValidator(lambda value: _must_be_clean(value)), OtherwiseAs(lambda: None)]
"""Empty: it has no group, and Turso leaves the key out then. None: Turso sent null, or what cannot be a name."""
Host = Annotated[str, AfterValidator(lambda value: host(value) if value else ""), OtherwiseAs(str)]
Time = Annotated[datetime | None, OtherwiseAs(lambda: None)]


def _must_be_clean(value: str | None) -> str | None:
    if value is not None and clean(value) != value:
        raise ValueError("this cannot be a name")
    return value


def host(value: str) -> str:
    """Return a host name, which may have a port and a path. Raises ValueError: no address can be made of it."""
    parts = urlsplit(f"//{clean(value)}")
    if not parts.hostname or parts.port == 0 or parts.username is not None or parts.query or parts.fragment:
        raise ValueError("this is no host")
    return clean(value)


def _must_be_name(value: str) -> str:
    if name_of(value) is None:
        raise ValueError("this cannot be a name")
    return value


Name = Annotated[str, AfterValidator(_must_be_name)]
"""A name or an id. An object without one cannot be spoken of, so it cannot be read."""


def first_told(*flags: bool | None) -> bool | None:
    """Return the first that Turso has told; None when it has told none of them."""
    return next((flag for flag in flags if flag is not None), None)


def name_of(value: Any) -> str | None:
    """Return a name or an id of Turso's, also an odd one; None for what no call and no message can carry."""
    return value if isinstance(value, str) and value and clean(value) == value else None
