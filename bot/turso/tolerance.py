"""Types that parse responses tolerantly: keys in several casings, null, and for most fields malformed values."""

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
    """Base class of the models of responses. They are frozen and ignore unknown keys. Construct them by field names."""

    model_config = ConfigDict(frozen=True, extra="ignore")


def spellings_of(wire: str, *also: str) -> AliasChoices:
    """Return the accepted spellings of a key: first the exact one, then other casings, then `also`.

    The live API has sent both `Hostname` and `hostname` in one object, so casing must not simply be ignored.
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


def value_of(raw: Mapping[str, Any], spellings: AliasChoices) -> Any:
    """Return the value of the first spelling that is present. Raises LookupError if there is none."""
    for spelling in spellings.choices:
        if spelling in raw:
            return raw[str(spelling)]
    raise LookupError(spellings.choices[0])


@dataclass(frozen=True)
class NullAs:
    """Annotation for fields where null means the same as an absent key."""

    make: Callable[[], object]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        null = core_schema.no_info_after_validator_function(lambda _: self.make(), core_schema.none_schema())
        return core_schema.union_schema([handler(source), null], mode="left_to_right")


@dataclass(frozen=True)
class UnreadableAs:
    """Annotation for fields where `make` replaces null and unreadable values. Unreadable ones are logged."""

    make: Callable[[], object]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        null = core_schema.no_info_after_validator_function(lambda _: self.make(), core_schema.none_schema())
        other = core_schema.with_info_plain_validator_function(self._leave_out)
        return core_schema.union_schema([handler(source), null, other], mode="left_to_right")

    def _leave_out(self, value: Any, info: core_schema.ValidationInfo) -> Any:
        log.warning("turso.left_out", of=READING.get(), field=info.field_name, kind=type(value).__name__)
        return self.make()


READING: Final[ContextVar[str]] = ContextVar("reading", default="")
"""What is being parsed at the moment, for warnings in the log."""
LARGEST: Final = 2**63 - 1
"""The largest signed 64-bit integer, which is the limit of SQLite's and PostgreSQL's integers."""

Flag = Annotated[bool | None, NullAs(lambda: None)]
"""A boolean from Turso. None means that Turso didn't send it or sent null, which isn't the same as False."""
Text = Annotated[str, AfterValidator(clean), UnreadableAs(str)]
Texts = Annotated[tuple[str, ...], UnreadableAs(tuple)]
Amount = Annotated[Annotated[int, Field(ge=0, le=LARGEST, strict=True)] | None, UnreadableAs(lambda: None)]
"""A number from Turso. None means that Turso sent none, or an impossible one."""
GroupName = Annotated[str | None, AfterValidator(lambda value: _require_clean(value)), UnreadableAs(lambda: None)]
"""Empty means no group (Turso leaves the key out). None means unknown (Turso sent null or an invalid name)."""
Host = Annotated[str, AfterValidator(lambda value: host(value) if value else ""), UnreadableAs(str)]
Time = Annotated[datetime | None, UnreadableAs(lambda: None)]


def _require_clean(value: str | None) -> str | None:
    if value is not None and clean(value) != value:
        raise ValueError("this cannot be a name")
    return value


def host(value: str) -> str:
    """Return a hostname, possibly with a port and a path. Raises ValueError if no URL can be built from it."""
    parts = urlsplit(f"//{clean(value)}")
    if not parts.hostname or parts.port == 0 or parts.username is not None or parts.query or parts.fragment:
        raise ValueError("this is no host")
    return clean(value)


def _require_name(value: str) -> str:
    if name_of(value) is None:
        raise ValueError("this cannot be a name")
    return value


Name = Annotated[str, AfterValidator(_require_name)]
"""A name or an ID. An object without a valid one can't be read at all."""


def first_known(*flags: bool | None) -> bool | None:
    """Return the first flag that isn't None. None if there is none."""
    return next((flag for flag in flags if flag is not None), None)


def name_of(value: Any) -> str | None:
    """Return a name or an ID that can be used in calls and messages, even if it is unusual. None otherwise."""
    return value if isinstance(value, str) and value and clean(value) == value else None
