"""Models of usage: of a database, of an organization, and of statements."""

from collections.abc import Iterable
from typing import Annotated

from pydantic import Field, SecretStr

from bot.core.redaction.statements import masked
from bot.turso.tolerance import Amount, NullAs, Text, Wire, spellings_of


class Usage(Wire):
    """Usage in a period.

    `storage_bytes` is the size at its end, the others are sums. None means that Turso didn't send the number.
    """

    rows_read: Amount = Field(None, validation_alias=spellings_of("rows_read"))
    rows_written: Amount = Field(None, validation_alias=spellings_of("rows_written"))
    storage_bytes: Amount = Field(None, validation_alias=spellings_of("storage_bytes", "storage"))
    bytes_synced: Amount = Field(None, validation_alias=spellings_of("bytes_synced"))

    @classmethod
    def sum(cls, parts: "Iterable[Usage]") -> "Usage":
        """Add up usage. A number is unknown in the sum if any part lacks it, or if there are no parts."""
        every = list(parts)
        return cls(**{name: _sum(getattr(part, name) for part in every) for name in cls.model_fields})


def _sum(numbers: Iterable[int | None]) -> int | None:
    found = list(numbers)
    known = [number for number in found if number is not None]
    return sum(known) if known and len(known) == len(found) else None


class InstanceUsage(Wire):
    """The usage of one instance. Deleted instances that were used in the period are included."""

    uuid: Text = ""
    usage: Usage = Usage()


class DatabaseUsage(Wire):
    """The usage of a logical database. `usage` is Turso's total, or the sum of the instances if there is no total."""

    uuid: Text = ""
    usage: Usage = Usage()
    instances: tuple[InstanceUsage, ...] = ()
    is_of_month: bool = False
    """True for the 2023 API, which returns the calendar month whatever period was requested."""


class OrganizationUsage(Wire):
    """The usage of an organization in the current billing period. `databases` have IDs but no names."""

    uuid: Text = ""
    usage: Usage = Usage()
    database_count: Amount = None
    location_count: Amount = None
    group_count: Amount = None
    databases: tuple[DatabaseUsage, ...] = ()


class TopQuery(Wire):
    """A statement that read or wrote many rows. The text may contain personal data, so it is handled like a secret."""

    query: Annotated[SecretStr, NullAs(lambda: SecretStr(""))] = Field(
        SecretStr(""), validation_alias=spellings_of("query")
    )
    rows_read: Amount = Field(None, validation_alias=spellings_of("rows_read"))
    rows_written: Amount = Field(None, validation_alias=spellings_of("rows_written"))

    @property
    def masked(self) -> str | None:
        """Return the statement without its literals. None if it is too long or can't be parsed."""
        return masked(self.query.get_secret_value())
