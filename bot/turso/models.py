"""What Turso's things look like to us: frozen values of the 2023 API's and of today's answers."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, Any, NamedTuple, Self
from urllib.parse import urlsplit

import structlog
from pydantic import AliasChoices, Field, SecretStr

from bot.core.model import Target
from bot.core.redaction.statements import masked
from bot.core.redaction.text_cleaning import clean
from bot.turso import ids
from bot.turso.tolerance import (
    Amount,
    Flag,
    GroupName,
    Host,
    Name,
    NullAs,
    OtherwiseAs,
    Text,
    Texts,
    Time,
    Wire,
    exactly_or_cased,
    name_of,
    spelled,
)

log = structlog.get_logger(__name__)

_NAME = spelled("Name")
_DB_ID = spelled("DbId")


class Parent(Wire):
    """Where a branch was taken from."""

    id: Text = ""
    name: Text = ""
    branched_at: Time = None


class Database(Wire):
    """A logical database: what people name. `hostname` is as Turso sent it; never build one.

    Only its identity is looked for in other casings: an organization has thousands of them, and each try costs.
    """

    name: Name = Field(validation_alias=_NAME)
    db_id: Name = Field(validation_alias=_DB_ID)
    hostname: Host = Field("", validation_alias=spelled("Hostname"))
    group: GroupName = ""
    primary_region: Text = Field("", validation_alias=AliasChoices("primaryRegion", "primary_region"))
    regions: Texts = ()
    type: Text = ""
    version: Text = ""
    block_reads: Flag = Field(None, validation_alias=AliasChoices("block_reads", "blocked_reads"))
    block_writes: Flag = Field(None, validation_alias=AliasChoices("block_writes", "blocked_writes"))
    delete_protection: Flag = None
    allow_attach: Flag = None
    sleeping: Flag = None
    archived: Flag = None
    is_schema: Flag = None
    schema_name: Text = Field("", validation_alias=AliasChoices("schema", "schema_name"))
    parent: Annotated[Parent | None, OtherwiseAs(lambda: None)] = None
    encryption_cipher: Text = ""
    issued_cert_limit: Amount = Field(None, validation_alias=AliasChoices("IssuedCertLimit", "issued_cert_limit"))
    issued_cert_count: Amount = Field(None, validation_alias=AliasChoices("IssuedCertCount", "issued_cert_count"))

    @property
    def id(self) -> str:
        """The `DbId`: a database made again under the same name has another."""
        return self.db_id

    @property
    def made_at(self) -> datetime | None:
        """When it was made, as far as its `DbId` tells."""
        return ids.made_at(self.db_id)

    @property
    def target(self) -> Target:
        """The database as the rules see it. Empty: it has no group; None: that is not known."""
        return Target(self.name, self.group)

    @property
    def placement(self) -> str:
        """Where it lives, as one word: the group, else the primary location, else the first of the locations."""
        return self.group or self.primary_region or next(iter(self.regions), "")

    @property
    def asleep(self) -> bool:
        """True when Turso says that its group has to be unarchived first; it has called this fact by two names."""
        return bool(self.sleeping or self.archived)

    @property
    def is_local(self) -> bool:
        """True for a database of a local set-up, which is reached without TLS."""
        return self.primary_region == "local" or urlsplit(f"//{self.hostname}").port is not None

    @property
    def https_url(self) -> str:
        """The URL for HTTP clients; it ends in `/` where the host has a path. Empty where the host is not known."""
        return f"{'http' if self.is_local else 'https'}://{self._host}" if self.hostname else ""

    @property
    def libsql_url(self) -> str:
        """The URL for libSQL clients. They mean TLS by `libsql:`, so a local one says that it has none.

        Empty where the host is not known.
        """
        return f"libsql://{self._host}{'?tls=0' if self.is_local else ''}" if self.hostname else ""

    @property
    def _host(self) -> str:
        return f"{self.hostname}/" if "/" in self.hostname.rstrip("/") else self.hostname


class Listed(NamedTuple):
    """A database as a list names it. Few of many thousands are shown, and only for those is the rest read."""

    name: str
    group: str | None
    raw: Mapping[str, Any]

    @property
    def id(self) -> str:
        """The `DbId`."""
        return str(exactly_or_cased(self.raw, _DB_ID))

    @property
    def target(self) -> Target:
        """The database as the rules see it."""
        return Target(self.name, self.group)

    def read(self) -> Database:
        """Return all that the list says of it. Raises ValueError when that cannot be read."""
        return Database.model_validate(self.raw)

    def read_or_none(self) -> Database | None:
        """Return the same; None, with a warning in the log, when that cannot be read."""
        try:
            return self.read()
        except ValueError:
            log.warning("turso.left_out", of="a list of databases", entry=self.name)
            return None

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> Self:
        """Find the name in any casing. Raises LookupError when there is no name, or no id."""
        name, db_id = (name_of(exactly_or_cased(raw, spellings)) for spellings in (_NAME, _DB_ID))
        if name is None or db_id is None:
            raise LookupError(_NAME.choices[0])
        group = raw.get("group", "")
        return cls(name, group if isinstance(group, str) and clean(group) == group else None, raw)


class Listing(list[Listed]):
    """Databases of a list. `left_out` counts the entries that could not be read: they are there all the same."""

    def __init__(self, found: Iterable[Listed] = (), left_out: int = 0) -> None:
        super().__init__(found)
        self.left_out = left_out


class Usage(Wire):
    """What was used in a period. `storage_bytes` is a level, the others are flows. None: Turso didn't say."""

    rows_read: Amount = Field(None, validation_alias=spelled("rows_read"))
    rows_written: Amount = Field(None, validation_alias=spelled("rows_written"))
    storage_bytes: Amount = Field(None, validation_alias=spelled("storage_bytes", "storage"))
    bytes_synced: Amount = Field(None, validation_alias=spelled("bytes_synced"))

    @classmethod
    def sum(cls, parts: "Iterable[Usage]") -> "Usage":
        """Add up parts. A number that one of them lacks is unknown in the sum, too, and so is the sum of none."""
        every = list(parts)
        return cls(**{name: _sum(getattr(part, name) for part in every) for name in cls.model_fields})


def _sum(numbers: Iterable[int | None]) -> int | None:
    found = list(numbers)
    known = [number for number in found if number is not None]
    return sum(known) if known and len(known) == len(found) else None


class InstanceUsage(Wire):
    """The part of one instance. Deleted instances that used something in the period are listed too."""

    uuid: Text = ""
    usage: Usage = Usage()


class DatabaseUsage(Wire):
    """What a logical database used: `usage` is the sum that Turso gives, or else that of the instances."""

    uuid: Text = ""
    usage: Usage = Usage()
    instances: tuple[InstanceUsage, ...] = ()
    is_of_month: bool = False
    """The API of 2023 answers with the calendar month, whichever period it was given."""


class OrganizationUsage(Wire):
    """The current billing period of a whole organization; `databases` carry ids, not names."""

    uuid: Text = ""
    usage: Usage = Usage()
    database_count: Amount = None
    location_count: Amount = None
    group_count: Amount = None
    databases: tuple[DatabaseUsage, ...] = ()


class Instance(Wire):
    """A primary or a replica. Its name is random words (2023) or a location (now): never parse it."""

    uuid: Text = ""
    name: Text = ""
    type: Text = ""
    region: Text = ""
    hostname: Text = ""


class Configuration(Wire):
    """The switches of a database. `size_limit` is in bytes, as text, and empty when there is none."""

    size_limit: Text = Field("", validation_alias=spelled("size_limit"), coerce_numbers_to_str=True)
    block_reads: Flag = Field(None, validation_alias=spelled("block_reads", "blocked_reads"))
    block_writes: Flag = Field(None, validation_alias=spelled("block_writes", "blocked_writes"))
    delete_protection: Flag = Field(None, validation_alias=spelled("delete_protection"))
    allow_attach: Flag = Field(None, validation_alias=spelled("allow_attach"))
    allowed_ips: Texts = ()
    allowed_aws_vpc_ids: Texts = ()


class Group(Wire):
    """Databases that share locations and keys."""

    name: Name = Field(validation_alias=spelled("name"))
    uuid: Text = ""
    locations: Texts = Field((), validation_alias=spelled("locations"))
    primary: Text = Field("", validation_alias=spelled("primary"))
    archived: Flag = None
    version: Text = ""
    delete_protection: Flag = Field(None, validation_alias=spelled("delete_protection"))


class Location(Wire):
    """A place where databases can live: its code and what people call it."""

    code: Name
    label: Text


class TopQuery(Wire):
    """A statement that read or wrote many rows. Its text may hold people's data: it is as hidden as a secret."""

    query: Annotated[SecretStr, NullAs(lambda: SecretStr(""))] = Field(SecretStr(""), validation_alias=spelled("query"))
    rows_read: Amount = Field(None, validation_alias=spelled("rows_read"))
    rows_written: Amount = Field(None, validation_alias=spelled("rows_written"))

    @property
    def masked(self) -> str | None:
        """The statement without its literals; None when it cannot be read."""
        return masked(self.query.get_secret_value())


class Minted(Wire):
    """A token, seen this once. `repr` and `str` hide it; only `token.get_secret_value()` gives it."""

    token: SecretStr


class Organization(Wire):
    """The organization itself; quotas that are used up show as blocked reads or writes."""

    name: Text = ""
    slug: Text = ""
    type: Text = ""
    overages: Flag = None
    blocked_reads: Flag = Field(None, validation_alias=spelled("blocked_reads", "block_reads"))
    blocked_writes: Flag = Field(None, validation_alias=spelled("blocked_writes", "block_writes"))


class Quotas(Wire):
    """What a plan includes in a billing period; None means no limit, or one that is not told."""

    plan: Text = ""
    rows_read: Amount = Field(None, validation_alias=spelled("rowsRead"))
    rows_written: Amount = Field(None, validation_alias=spelled("rowsWritten"))
    storage_bytes: Amount = Field(None, validation_alias=spelled("storage", "storage_bytes"))
    bytes_synced: Amount = Field(None, validation_alias=spelled("bytesSynced"))
    databases: Amount = None
    groups: Amount = None
    locations: Amount = None
