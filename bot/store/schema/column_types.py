"""Column types that turn what the records hold into what both databases can keep, and back."""

import json
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import DateTime, Dialect, Integer, Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.types import TypeDecorator

from bot.core.requests.plan import Plan


def storable(text: str) -> str:
    """Replace what no database can keep as text: lone surrogates and NUL."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "\ufffd")


class SafeText(TypeDecorator[str]):
    """Text of any length, also from people."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Never fail on what somebody typed."""
        return None if value is None else storable(value)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime, kept and returned in UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Drop the zone for SQLite, which keeps none; everything there is UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs a time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return it aware."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Seconds(TypeDecorator[timedelta]):
    """A timedelta, in whole seconds."""

    impl = Integer
    cache_ok = True

    def process_bind_param(self, value: timedelta | None, dialect: Dialect) -> int | None:
        """Count the seconds."""
        return None if value is None else round(value.total_seconds())

    def process_result_value(self, value: int | None, dialect: Dialect) -> timedelta | None:
        """And back."""
        return None if value is None else timedelta(seconds=value)


class Json(TypeDecorator[Any]):
    """Plain JSON, kept as text: nothing is ever searched inside it."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """Write it."""
        if value is None:
            return None
        return storable(json.dumps(value, ensure_ascii=False, separators=(",", ":")))

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """Read it."""
        return None if value is None else json.loads(value)


class Strings(Json):
    """A tuple of strings."""

    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """Write a list."""
        return super().process_bind_param(None if value is None else list(value), dialect)

    def process_result_value(self, value: str | None, dialect: Dialect) -> tuple[str, ...] | None:
        """Read a tuple."""
        return None if value is None else tuple(json.loads(value))


class EnumText(TypeDecorator[StrEnum]):
    """A member of one enumeration, kept as its value."""

    impl = Text
    cache_ok = True

    def __init__(self, members: type[StrEnum]) -> None:
        self.members = members
        super().__init__()

    def process_bind_param(self, value: StrEnum | str | None, dialect: Dialect) -> str | None:
        """Write the value."""
        return None if value is None else self.members(value).value

    def process_result_value(self, value: str | None, dialect: Dialect) -> StrEnum | None:
        """Read the member."""
        return None if value is None else self.members(value)


class PlanText(TypeDecorator[Plan]):
    """A plan as the canonical text that was hashed."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Plan | None, dialect: Dialect) -> str | None:
        """Write the canonical text."""
        return None if value is None else storable(value.to_json())

    def process_result_value(self, value: str | None, dialect: Dialect) -> Plan | None:
        """Read the plan."""
        return None if value is None else Plan.from_json(value)


class EntryField(ColumnElement[str]):
    """A field of an audit entry's canonical text, for columns that the database computes by itself."""

    inherit_cache = False

    def __init__(self, name: str) -> None:
        self.name = name


@compiles(EntryField)
def _in_sqlite(element: EntryField, compiler: Any, **_: Any) -> str:
    return f"json_extract(entry, '$.{element.name}')"


@compiles(EntryField, "postgresql")
def _in_postgresql(element: EntryField, compiler: Any, **_: Any) -> str:
    return f"(entry::json ->> '{element.name}')"
