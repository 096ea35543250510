"""Column types that convert the fields of records to values for SQLite and PostgreSQL, and back."""

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
    """Replace the characters that SQLite or PostgreSQL can't store as text: lone surrogates and NUL."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "\ufffd")


class SafeText(TypeDecorator[str]):
    """Text of any length, including text that people typed."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Replace characters that can't be stored."""
        return None if value is None else storable(value)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime, stored and returned in UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Convert to UTC. The zone is removed for SQLite, which can't store it."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs a time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return an aware datetime in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Seconds(TypeDecorator[timedelta]):
    """A timedelta, in whole seconds."""

    impl = Integer
    cache_ok = True

    def process_bind_param(self, value: timedelta | None, dialect: Dialect) -> int | None:
        """Convert to seconds."""
        return None if value is None else round(value.total_seconds())

    def process_result_value(self, value: int | None, dialect: Dialect) -> timedelta | None:
        """Convert from seconds."""
        return None if value is None else timedelta(seconds=value)


class Json(TypeDecorator[Any]):
    """Plain JSON, stored as text because no query reads parts of it."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """Encode the value as JSON."""
        if value is None:
            return None
        return storable(json.dumps(value, ensure_ascii=False, separators=(",", ":")))

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """Decode the JSON."""
        return None if value is None else json.loads(value)


class Strings(Json):
    """A tuple of strings."""

    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """Encode the strings as a JSON list."""
        return super().process_bind_param(None if value is None else list(value), dialect)

    def process_result_value(self, value: str | None, dialect: Dialect) -> tuple[str, ...] | None:
        """Decode the JSON list as a tuple."""
        return None if value is None else tuple(json.loads(value))


class Numbers(Json):
    """A tuple of whole numbers."""

    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """Encode the numbers as a JSON list."""
        return super().process_bind_param(None if value is None else list(value), dialect)

    def process_result_value(self, value: str | None, dialect: Dialect) -> tuple[int, ...] | None:
        """Decode the JSON list as a tuple."""
        return None if value is None else tuple(json.loads(value))


class Tuples(Json):
    """A tuple of named tuples of one kind, stored as a JSON list of lists."""

    cache_ok = True

    def __init__(self, kind: type[tuple[Any, ...]]) -> None:
        self.kind = kind
        super().__init__()

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """Encode the named tuples as JSON lists."""
        return super().process_bind_param(None if value is None else [list(one) for one in value], dialect)

    def process_result_value(self, value: str | None, dialect: Dialect) -> tuple[Any, ...] | None:
        """Decode the JSON lists as named tuples."""
        return None if value is None else tuple(self.kind(*one) for one in json.loads(value))


class EnumText(TypeDecorator[StrEnum]):
    """A member of an enumeration, stored as its value."""

    impl = Text
    cache_ok = True

    def __init__(self, members: type[StrEnum]) -> None:
        self.members = members
        super().__init__()

    def process_bind_param(self, value: StrEnum | str | None, dialect: Dialect) -> str | None:
        """Convert the member to its value."""
        return None if value is None else self.members(value).value

    def process_result_value(self, value: str | None, dialect: Dialect) -> StrEnum | None:
        """Convert the value to its member."""
        return None if value is None else self.members(value)


class PlanText(TypeDecorator[Plan]):
    """A plan, stored as the canonical text that was hashed."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Plan | None, dialect: Dialect) -> str | None:
        """Convert the plan to its canonical text."""
        return None if value is None else storable(value.to_json())

    def process_result_value(self, value: str | None, dialect: Dialect) -> Plan | None:
        """Parse the plan."""
        return None if value is None else Plan.from_json(value)


class EntryField(ColumnElement[str]):
    """An SQL expression for a field of an audit entry's canonical text, for computed columns."""

    inherit_cache = False

    def __init__(self, name: str) -> None:
        self.name = name


@compiles(EntryField)
def _in_sqlite(element: EntryField, compiler: Any, **_: Any) -> str:
    return f"json_extract(entry, '$.{element.name}')"


@compiles(EntryField, "postgresql")
def _in_postgresql(element: EntryField, compiler: Any, **_: Any) -> str:
    return f"(entry::json ->> '{element.name}')"
