"""Models of one database: the database, its instances, its configuration, and a minted token."""

from datetime import datetime
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AliasChoices, Field, SecretStr

from bot.turso import ids
from bot.turso.tolerance import Amount, Flag, GroupName, Host, Name, Text, Texts, Time, UnreadableAs, Wire, spellings_of

NAME_KEYS = spellings_of("Name")
ID_KEYS = spellings_of("DbId")


class Parent(Wire):
    """The database that a branch was created from."""

    id: Text = ""
    name: Text = ""
    branched_at: Time = None


class Database(Wire):
    """A logical database. Use `hostname` as Turso sends it, and never construct one.

    Only the name, the ID and the hostname are accepted in many casings. An organization may have thousands of
    databases, and each check costs time.
    """

    name: Name = Field(validation_alias=NAME_KEYS)
    db_id: Name = Field(validation_alias=ID_KEYS)
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
        """Return the database from which it was branched.

        None if it isn't a branch or Turso doesn't name its parent.
        """
        return self.parent if self.parent and self.parent.name else None

    @property
    def placement(self) -> str:
        """Return where it is: the group, or else the primary location, or else the first location. Empty if unknown."""
        return self.group or self.primary_region or next(iter(self.regions), "")

    @property
    def is_archived(self) -> bool | None:
        """Return whether its group must be woken first. Turso has two fields for this. None if it sent neither."""
        flags = (self.sleeping, self.archived)
        return True if any(flags) else False if False in flags else None

    @property
    def is_local(self) -> bool:
        """Return True for a database of a local server, which is reached without TLS.

        Its region is `local`, or its host has a port.
        """
        return self.primary_region == "local" or urlsplit(f"//{self.hostname}").port is not None

    @property
    def https_url(self) -> str:
        """Return the URL for HTTP clients, ending in `/` if the host has a path. Empty if the host isn't known."""
        return f"{'http' if self.is_local else 'https'}://{self._host}" if self.hostname else ""

    @property
    def libsql_url(self) -> str:
        """Return the URL for libSQL clients, or an empty string if the host isn't known.

        Clients take `libsql:` to mean TLS, so the URL of a local database says that it has none.
        """
        return f"libsql://{self._host}{'?tls=0' if self.is_local else ''}" if self.hostname else ""

    @property
    def _host(self) -> str:
        return f"{self.hostname}/" if "/" in self.hostname.rstrip("/") else self.hostname


class Instance(Wire):
    """A primary or a replica. Its name is random words (2023 API) or a location (today's API). Never parse it."""

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


class Minted(Wire):
    """A minted token. `repr` and `str` hide it, and only `token.get_secret_value()` returns it."""

    token: SecretStr
