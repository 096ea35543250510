"""Models of an organization: itself, its quotas, groups and locations."""

from pydantic import Field

from bot.turso.tolerance import Amount, Flag, Name, Text, Texts, Wire, spellings_of


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


class Organization(Wire):
    """The organization itself. Turso blocks reads or writes if a quota is used up and overages aren't allowed."""

    name: Text = ""
    slug: Text = ""
    type: Text = ""
    overages: Flag = None
    blocked_reads: Flag = Field(None, validation_alias=spellings_of("blocked_reads", "block_reads"))
    blocked_writes: Flag = Field(None, validation_alias=spellings_of("blocked_writes", "block_writes"))


class Quotas(Wire):
    """What a plan includes per billing period. None means that there is no limit, or that Turso didn't send one."""

    plan: Text = ""
    rows_read: Amount = Field(None, validation_alias=spellings_of("rowsRead"))
    rows_written: Amount = Field(None, validation_alias=spellings_of("rowsWritten"))
    storage_bytes: Amount = Field(None, validation_alias=spellings_of("storage", "storage_bytes"))
    bytes_synced: Amount = Field(None, validation_alias=spellings_of("bytesSynced"))
    databases: Amount = None
    groups: Amount = None
    locations: Amount = None
