"""Types and markers for a command's argument model (pydantic)."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, GetCoreSchemaHandler, PlainSerializer
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from bot.core.model import Lifetime
from bot.core.parsing.durations import NotADuration, duration_text, lifetime_text, parse_duration, parse_lifetime
from bot.errors import BadInput


@dataclass(frozen=True, slots=True)
class Positional:
    """Marks a positional field. The first such field takes the first word."""


@dataclass(frozen=True, slots=True)
class Rest:
    """Marks a field that takes all remaining words: `str` joined, `tuple[str, ...]` one by one."""


@dataclass(frozen=True, slots=True)
class Valued:
    """Marks a `bool` that is typed as a word (`on`, `off`) instead of a flag."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """Marks an option whose value may have several words without quotes: `--at 15m ago`."""

    count: Callable[[Sequence[str]], int]
    """Returns how many of the words after the option are its value. At least 1."""


def wrong(predicate: str) -> PydanticCustomError:
    """Return an error whose text follows the argument's name: "takes …, not `x`"."""
    return PydanticCustomError("argument", "{predicate}", {"predicate": predicate})


def wrong_value(sentence: str) -> PydanticCustomError:
    """Return an error whose text is a complete sentence. `{label}` stands for the argument's name."""
    return PydanticCustomError("value", "{sentence}", {"sentence": sentence})


def _wrong_duration(text: str, error: NotADuration, example: str) -> PydanticCustomError:
    if not text:
        return wrong_value(f"`{{label}}` needs a value such as `{example}`.")
    if error.is_understood:
        return wrong_value(f"{error}.")
    return wrong_value(f"I don't understand {quoted(text)}. Try `{{label}} {error.meant or example}`.")


def quoted(value: object) -> str:
    """Return a typed value in back-ticks, for an error message. A long value, which may be a secret, is shortened."""
    text = str(value).replace("`", "'")
    return f"`{text[:16]}…`" if len(text) > 64 or (len(text) > 40 and "." in text) else f"`{text}`"


INCIDENT_KEY: Final = r"[A-Za-z0-9][A-Za-z0-9._/-]{0,39}"
_EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")
_GROUP: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,62}[A-Za-z0-9])?")
_CODE: Final = re.compile(r"[a-z0-9-]{1,64}")
_LINK: Final = re.compile(r"<(?:https?://|mailto:)?([^|<>]*)(?:\|([^<>]*))?>")


def _bare(value: object) -> str:
    """Remove the markup around a word that Slack or a person has added."""
    text = str(value).strip().strip("`").strip()
    link = _LINK.fullmatch(text)
    return (link[2] or link[1]).rstrip("/") if link else text


def is_database_name(text: str) -> bool:
    """Return True if Turso accepts this name for a database."""
    return _NAME.fullmatch(text) is not None


def _database_name(value: object) -> str:
    name = _bare(value)
    if _NAME.fullmatch(name):
        return name
    raise wrong_value(_why_no_name(name))


def _why_no_name(name: str) -> str:
    if not name:
        return "`{label}` needs a database name."
    if len(name) > 64:
        return f"{quoted(name)} is too long for a database name. It can have at most 64 characters."
    if name[:1] in "\"'" or name[-1:] in "\"'":
        return f"{quoted(name)} has an unclosed quote."
    if "." in name or "/" in name:
        return f"{quoted(name)} looks like an address. Use the name that `/turso ls` shows."
    valid = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    hint = f" Try `{valid}`." if valid else ""
    return f"{quoted(name)} isn't a database name. Use only a–z, 0–9 and dashes.{hint}"


def _group_name(value: object) -> str:
    name = _bare(value)
    if not _GROUP.fullmatch(name):
        raise wrong(f"takes a group name such as `default`, not {quoted(name)}")
    return name


def _location(value: object) -> str:
    code = _bare(value)
    if not _CODE.fullmatch(code):
        raise wrong(f"takes a location code such as `aws-us-east-1`, not {quoted(code)}")
    return code


def _duration(value: object) -> timedelta:
    if isinstance(value, timedelta) and value > timedelta(0):
        return value
    try:
        return parse_duration(_bare(value))
    except NotADuration as error:
        raise _wrong_duration(_bare(value), error, "30m") from None


class Expiration(str):
    """A token's lifetime as typed, because Turso parses the same text: `1h`, `2d12h`, `never`."""

    __slots__ = ()

    @property
    def lifetime(self) -> Lifetime:
        """Return the lifetime: a duration, or NEVER."""
        return parse_lifetime(self)

    @classmethod
    def of(cls, value: object) -> "Expiration":
        """Validate a text. Raises a pydantic error that says what is wrong."""
        text = _bare(value)
        try:
            parse_lifetime(text)
        except NotADuration as error:
            raise _wrong_duration(text, error, "1h") from None
        return cls(text)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            cls.of, serialization=core_schema.plain_serializer_function_ser_schema(str)
        )


def expiration_text(lifetime: Lifetime) -> str:
    """Format a lifetime for Turso's `expiration` parameter."""
    return lifetime_text(lifetime)


def _reference(pattern: str, example: str, sign: str) -> Callable[[object], str]:
    matching = re.compile(pattern)

    def check(value: object) -> str:
        match = matching.fullmatch(str(value).strip().strip("`"))
        if not match:
            raise wrong(f"takes {example}, not {quoted(value)}. Type `{sign}` and pick one from Slack's suggestions")
        return match[1] or match[2]

    return check


def _on_off(value: object) -> bool:
    if isinstance(value, bool):
        return value
    word = str(value).lower()
    if word not in ("on", "off"):
        raise wrong_value(f"Choose `on` or `off`, not {quoted(value)}.")
    return word == "on"


def _month(value: object) -> str:
    text = str(value)
    if not re.fullmatch(r"[0-9]{4}-(?:0[1-9]|1[0-2])", text) or text < "1970":
        raise wrong(f"takes a month such as `2026-10`, not {quoted(value)}")
    return text


def _since(value: object) -> timedelta | date:
    if isinstance(value, timedelta | date):
        return value
    text = _bare(value)
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise wrong_value(f"{quoted(text)} isn't a day. Try `{{label}} 7d`.") from None
    try:
        return parse_duration(text)
    except NotADuration as error:
        raise _wrong_duration(text, error, "1d" if text.lower() == "yesterday" else "7d") from None


def _write_since(value: timedelta | date) -> str:
    return duration_text(value) if isinstance(value, timedelta) else value.isoformat()


def _count(value: object) -> int:
    number = int(str(value)) if re.fullmatch(r"[0-9]{1,9}", str(value)) else 0
    if number < 1:
        raise wrong(f"takes a whole number of at least 1, not {quoted(value)}")
    return number


def month_span(month: str, now: datetime) -> tuple[datetime, datetime]:
    """Return the start of a month and of the next month, in UTC.

    Raises:
        BadInput: the month is in the future.
    """
    current = f"{now.astimezone(UTC):%Y-%m}"
    if month > current:
        raise BadInput(f"{quoted(month)} hasn't started yet. Choose a month up to `{current}`.")
    year, number = int(month[:4]), int(month[5:])
    after = (year + 1, 1) if number == 12 else (year, number + 1)
    return datetime(year, number, 1, tzinfo=UTC), datetime(*after, 1, tzinfo=UTC)


def since_start(since: timedelta | date, now: datetime) -> datetime:
    """Return the time at which a value of `--since` begins: a duration ago, or the start of a day in UTC.

    Raises:
        BadInput: the start is in the future, or before 1970.
    """
    if isinstance(since, timedelta):
        if since > now - _EARLIEST:
            raise BadInput(f"{quoted(duration_text(since))} ago is before 1970. Choose a shorter time.")
        return now - since
    start = datetime(since.year, since.month, since.day, tzinfo=UTC)
    if start > now:
        raise BadInput(f"{quoted(since)} hasn't started yet. Choose a day up to `{now.astimezone(UTC):%Y-%m-%d}`.")
    if start < _EARLIEST:
        raise BadInput(f"{quoted(since)} is before 1970. Choose a later day.")
    return start


DatabaseName = Annotated[str, BeforeValidator(_database_name)]
GroupName = Annotated[str, BeforeValidator(_group_name)]
LocationCode = Annotated[str, BeforeValidator(_location)]
Duration = Annotated[timedelta, BeforeValidator(_duration), PlainSerializer(duration_text, str, when_used="json")]
UserRef = Annotated[
    str, BeforeValidator(_reference(r"<@([UW][A-Z0-9]+)(?:\|[^>]*)?>|([UW][A-Z0-9]+)", "a person", "@"))
]
ChannelRef = Annotated[
    str, BeforeValidator(_reference(r"<#([CGD][A-Z0-9]+)(?:\|[^>]*)?>|([CGD][A-Z0-9]+)", "a channel", "#"))
]
GroupRef = Annotated[
    str, BeforeValidator(_reference(r"<!subteam\^(S[A-Z0-9]+)(?:\|[^>]*)?>|(S[A-Z0-9]+)", "a user group", "@"))
]
Month = Annotated[str, BeforeValidator(_month)]
Since = Annotated[timedelta | date, BeforeValidator(_since), PlainSerializer(_write_since, str, when_used="json")]
OnOff = Annotated[bool, Valued(), BeforeValidator(_on_off)]
Count = Annotated[int, BeforeValidator(_count)]
