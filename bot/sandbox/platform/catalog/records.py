"""The rows of the catalogue as values."""

import json
from dataclasses import dataclass
from typing import Any

from bot.sandbox.platform.tokens import Key


@dataclass(frozen=True)
class Group:
    """A group: databases that share locations and a signing key. Tokens signed with it grant access to all of them."""

    uuid: str
    organization: str
    name: str
    locations: tuple[str, ...]
    key: Key
    delete_protection: bool
    archived: bool

    @property
    def primary(self) -> str:
        return self.locations[0] if self.locations else ""


@dataclass(frozen=True)
class Instance:
    """A copy of a database in one location."""

    uuid: str
    database_id: str
    name: str
    type: str
    region: str
    deleted: bool = False


@dataclass(frozen=True)
class Database:
    """A logical database, with the properties that it takes from its group and its organization."""

    id: str
    organization: str
    name: str
    group: str
    key: Key
    size_limit_bytes: int
    block_reads: bool
    block_writes: bool
    delete_protection: bool
    allow_attach: bool
    allowed_ips: tuple[str, ...]
    allowed_aws_vpc_ids: tuple[str, ...]
    parent: dict[str, Any] | None
    ready_at: float
    created_at: float
    group_uuid: str | None
    group_key: Key | None
    group_protected: bool
    archived: bool
    recorded_since: float
    encryption_cipher: str
    reads_used_up: bool
    writes_used_up: bool
    regions: tuple[str, ...]

    @property
    def refuses_reads(self) -> bool:
        """Return True if reads are blocked for the database, or because its organization has used up a quota."""
        return self.block_reads or self.reads_used_up

    @property
    def refuses_writes(self) -> bool:
        """Return True if writes are blocked for the database, or because its organization has used up a quota."""
        return self.block_writes or self.writes_used_up

    @property
    def primary(self) -> str:
        return self.regions[0] if self.regions else ""

    @property
    def keys(self) -> list[Key]:
        """Return the keys whose tokens grant access to the database."""
        return [key for key in (self.key, self.group_key) if key is not None]


DATABASE_COLUMNS = """d.id, d.organization, d.name, d.group_name, d.key_id, d.key_secret, d.size_limit, d.block_reads,
    d.block_writes, d.delete_protection, d.allow_attach, d.allowed_ips, d.allowed_aws_vpc_ids, d.parent, d.ready_at,
    d.created_at, g.uuid, g.key_id, g.key_secret, g.delete_protection, g.archived, d.recorded_since,
    d.encryption_cipher, o.blocked_reads, o.blocked_writes, (SELECT json_group_array(region) FROM
    (SELECT region FROM instances i WHERE i.database_id = d.id AND i.deleted_at IS NULL ORDER BY i.type, i.rowid))"""
DATABASES = "databases d LEFT JOIN groups g ON g.organization = d.organization AND g.name = d.group_name"
DATABASES += " JOIN organizations o ON o.slug = d.organization"


def database(row: tuple[Any, ...]) -> Database:
    """Return a database from a row of `DATABASE_COLUMNS`."""
    return Database(
        id=row[0],
        organization=row[1],
        name=row[2],
        group=row[3],
        key=Key(row[4], row[5]),
        size_limit_bytes=row[6],
        block_reads=bool(row[7]),
        block_writes=bool(row[8]),
        delete_protection=bool(row[9]),
        allow_attach=bool(row[10]),
        allowed_ips=tuple(json.loads(row[11])),
        allowed_aws_vpc_ids=tuple(json.loads(row[12])),
        parent=json.loads(row[13]) if row[13] else None,
        ready_at=row[14],
        created_at=row[15],
        group_uuid=row[16],
        group_key=Key(row[17], row[18]) if row[17] else None,
        group_protected=bool(row[19]),
        archived=bool(row[20]),
        recorded_since=row[21],
        encryption_cipher=row[22],
        reads_used_up=bool(row[23]),
        writes_used_up=bool(row[24]),
        regions=tuple(json.loads(row[25])),
    )


def group(row: tuple[Any, ...]) -> Group:
    """Return a group from a row with these columns:

    `uuid, organization, name, locations, key_id, key_secret, delete_protection, archived`.
    """
    return Group(row[0], row[1], row[2], tuple(json.loads(row[3])), Key(row[4], row[5]), bool(row[6]), bool(row[7]))
