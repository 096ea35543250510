"""Frozen models of Turso's resources, read from responses of the 2023 API and of today's API."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Annotated, Any, Final, NamedTuple, Self
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
    Text,
    Texts,
    Time,
    UnreadableAs,
    Wire,
    name_of,
    spellings_of,
    value_of,
)

log = structlog.get_logger(__name__)
MOST_SOURCES: Final = 8
"""How many sources of a branch of a branch are followed."""

_NAME = spellings_of("Name")
_DB_ID = spellings_of("DbId")


class Parent(Wire):
    """The database that a branch was created from."""

    id: Text = ""
    name: Text = ""
    branched_at: Time = None


class Database(Wire):
    """A logical database. Use `hostname` as Turso sends it, and never build one.

    Only its name and id are also accepted in other casings. An organization may have thousands, and each check costs
    time.
    """

    name: Name = Field(validation_alias=_NAME)
    db_id: Name = Field(validation_alias=_DB_ID)
    hostname: Host = Field("", validation_alias=spellings_of("Hostname"))
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
    parent: Annotated[Parent | None, UnreadableAs(lambda: None)] = None
    encryption_cipher: Text = ""
    issued_cert_limit: Amount = Field(None, validation_alias=AliasChoices("IssuedCertLimit", "issued_cert_limit"))
    issued_cert_count: Amount = Field(None, validation_alias=AliasChoices("IssuedCertCount", "issued_cert_count"))

    @property
    def id(self) -> str:
        """Return the `DbId`. A database that is created again under the same name gets another one."""
        return self.db_id

    @property
    def made_at(self) -> datetime | None:
        """Return when it was created, or None if its `DbId` contains no time."""
        return ids.made_at(self.db_id)

    @property
    def source(self) -> Parent | None:
        """Return the database that it is a branch of. None: it is no branch, or Turso doesn't name its parent."""
        return self.parent if self.parent and self.parent.name else None

    @property
    def placement(self) -> str:
        """Return where it runs: the group, else the primary location, else the first location."""
        return self.group or self.primary_region or next(iter(self.regions), "")

    @property
    def is_archived(self) -> bool | None:
        """Return whether its group has to be woken first. Turso uses two names for this. None: it didn't say."""
        flags = (self.sleeping, self.archived)
        return True if any(flags) else False if False in flags else None

    @property
    def is_local(self) -> bool:
        """Return True for a database of a local server, which is reached without TLS."""
        return self.primary_region == "local" or urlsplit(f"//{self.hostname}").port is not None

    @property
    def https_url(self) -> str:
        """Return the URL for HTTP clients, ending in `/` if the host has a path. Empty if the host isn't known."""
        return f"{'http' if self.is_local else 'https'}://{self._host}" if self.hostname else ""

    @property
    def libsql_url(self) -> str:
        """Return the URL for libSQL clients, or an empty text if the host isn't known.

        These clients take `libsql:` to mean TLS, so the URL of a local database says that it has none.
        """
        return f"libsql://{self._host}{'?tls=0' if self.is_local else ''}" if self.hostname else ""

    @property
    def _host(self) -> str:
        return f"{self.hostname}/" if "/" in self.hostname.rstrip("/") else self.hostname


class Listed(NamedTuple):
    """A database in a list. Its other fields are parsed only on demand, because few of many thousands are shown."""

    name: str
    group: str | None
    raw: Mapping[str, Any]

    @property
    def id(self) -> str:
        """Return the `DbId`."""
        return str(value_of(self.raw, _DB_ID))

    @property
    def is_open(self) -> bool:
        """Return True if the list says that neither reads nor writes are blocked. Some lists don't say it."""
        said = {key: self.raw.get(f"block_{key}", self.raw.get(f"blocked_{key}")) for key in ("reads", "writes")}
        return all(value is False for value in said.values())

    @property
    def source(self) -> Parent | None:
        """Return the database that it is a branch of. None: it is no branch, or its parent can't be read."""
        raw = self.raw.get("parent")
        if not isinstance(raw, dict):
            return None
        try:
            found = Parent.model_validate(raw)
        except ValueError:
            return None
        return found if found.name else None

    @property
    def is_archived(self) -> bool:
        """Return True if Turso says that its group has to be woken first."""
        return any(self.raw.get(key) is True for key in ("sleeping", "archived"))

    def read(self) -> Database:
        """Parse all fields of the entry. Raises ValueError if they can't be read."""
        return Database.model_validate(self.raw)

    def read_or_none(self) -> Database | None:
        """Parse all fields of the entry. If they can't be read, log a warning and return None."""
        try:
            return self.read()
        except ValueError:
            log.warning("turso.left_out", of="a list of databases", entry=self.name)
            return None

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> Self:
        """Create one from a list entry, with its name in any casing. Raises LookupError without a name or an id."""
        name, db_id = (name_of(value_of(raw, spellings)) for spellings in (_NAME, _DB_ID))
        if name is None or db_id is None:
            raise LookupError(_NAME.choices[0])
        group = raw.get("group", "")
        return cls(name, group if isinstance(group, str) and clean(group) == group else None, raw)


class Listing(list[Listed]):
    """The databases of a list. `left_out` counts entries that exist but can't be read."""

    def __init__(self, found: Iterable[Listed] = (), left_out: int = 0) -> None:
        super().__init__(found)
        self.left_out = left_out

    def with_targets(self) -> "Iterator[tuple[Listed, Target]]":
        """Yield each database as the policy sees it, with all its sources, as far as these are listed.

        An empty group means none, and None means unknown.
        """
        by_id: dict[str, Listed] = {}
        for one in self:
            if one.source is None:
                yield one, Target(one.name, one.group)
                continue
            by_id = by_id or {each.id: each for each in self}
            yield one, Target(one.name, one.group, tuple(_sources(one, by_id)))


def _sources(branch: Listed, by_id: Mapping[str, Listed]) -> Iterator[str]:
    at: Listed | None = branch
    for _ in range(MOST_SOURCES):
        source = at.source if at else None
        if source is None:
            return
        yield source.name
        at = by_id.get(source.id)


class Usage(Wire):
    """Usage in a period.

    `storage_bytes` is a level at its end, the others are sums. None means that Turso didn't say.
    """

    rows_read: Amount = Field(None, validation_alias=spellings_of("rows_read"))
    rows_written: Amount = Field(None, validation_alias=spellings_of("rows_written"))
    storage_bytes: Amount = Field(None, validation_alias=spellings_of("storage_bytes", "storage"))
    bytes_synced: Amount = Field(None, validation_alias=spellings_of("bytes_synced"))

    @classmethod
    def sum(cls, parts: "Iterable[Usage]") -> "Usage":
        """Add up parts. A number is unknown in the sum if any part lacks it, or if there are no parts."""
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
    """The usage of a logical database. `usage` is Turso's total, or else the sum over the instances."""

    uuid: Text = ""
    usage: Usage = Usage()
    instances: tuple[InstanceUsage, ...] = ()
    is_of_month: bool = False
    """True for the 2023 API, which returns the calendar month whatever period was requested."""


class OrganizationUsage(Wire):
    """The usage of an organization in the current billing period. `databases` have ids but no names."""

    uuid: Text = ""
    usage: Usage = Usage()
    database_count: Amount = None
    location_count: Amount = None
    group_count: Amount = None
    databases: tuple[DatabaseUsage, ...] = ()


class Instance(Wire):
    """A primary or a replica. Its name is made of random words (2023) or is a location (today). Never parse it."""

    uuid: Text = ""
    name: Text = ""
    type: Text = ""
    region: Text = ""
    hostname: Text = ""


class Configuration(Wire):
    """The configuration of a database. `size_limit` is in bytes, as text, and empty without a limit."""

    size_limit: Text = Field("", validation_alias=spellings_of("size_limit"), coerce_numbers_to_str=True)
    block_reads: Flag = Field(None, validation_alias=spellings_of("block_reads", "blocked_reads"))
    block_writes: Flag = Field(None, validation_alias=spellings_of("block_writes", "blocked_writes"))
    delete_protection: Flag = Field(None, validation_alias=spellings_of("delete_protection"))
    allow_attach: Flag = Field(None, validation_alias=spellings_of("allow_attach"))
    allowed_ips: Texts = ()
    allowed_aws_vpc_ids: Texts = ()


class Group(Wire):
    """A group: databases that share locations and token keys."""

    name: Name = Field(validation_alias=spellings_of("name"))
    uuid: Text = ""
    locations: Texts = Field((), validation_alias=spellings_of("locations"))
    primary: Text = Field("", validation_alias=spellings_of("primary"))
    archived: Flag = None
    version: Text = ""
    delete_protection: Flag = Field(None, validation_alias=spellings_of("delete_protection"))


class Location(Wire):
    """A location: its code and its label for people."""

    code: Name
    label: Text


class TopQuery(Wire):
    """A statement that read or wrote many rows. Its text may contain personal data, so it is treated as a secret."""

    query: Annotated[SecretStr, NullAs(lambda: SecretStr(""))] = Field(
        SecretStr(""), validation_alias=spellings_of("query")
    )
    rows_read: Amount = Field(None, validation_alias=spellings_of("rows_read"))
    rows_written: Amount = Field(None, validation_alias=spellings_of("rows_written"))

    @property
    def masked(self) -> str | None:
        """Return the statement without its literals, or None if it can't be parsed."""
        return masked(self.query.get_secret_value())


class Minted(Wire):
    """A minted token. `repr` and `str` hide it, and only `token.get_secret_value()` returns it."""

    token: SecretStr


class Organization(Wire):
    """The organization itself. Reads or writes are blocked when a quota is used up."""

    name: Text = ""
    slug: Text = ""
    type: Text = ""
    overages: Flag = None
    blocked_reads: Flag = Field(None, validation_alias=spellings_of("blocked_reads", "block_reads"))
    blocked_writes: Flag = Field(None, validation_alias=spellings_of("blocked_writes", "block_writes"))


class Quotas(Wire):
    """What a plan includes per billing period. None means no limit, or that Turso doesn't say."""

    plan: Text = ""
    rows_read: Amount = Field(None, validation_alias=spellings_of("rowsRead"))
    rows_written: Amount = Field(None, validation_alias=spellings_of("rowsWritten"))
    storage_bytes: Amount = Field(None, validation_alias=spellings_of("storage", "storage_bytes"))
    bytes_synced: Amount = Field(None, validation_alias=spellings_of("bytesSynced"))
    databases: Amount = None
    groups: Amount = None
    locations: Amount = None
