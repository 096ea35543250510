"""Creates, lists, configures and destroys logical databases in the catalogue."""

import json
from dataclasses import asdict, dataclass
from typing import Any

import apsw

from bot.sandbox.platform.catalog import records
from bot.sandbox.platform.catalog.problems import Conflict, Missing, Protected
from bot.sandbox.platform.catalog.records import DATABASE_COLUMNS, DATABASES, Database
from bot.sandbox.platform.tokens import Key


@dataclass(frozen=True)
class Listing:
    """Which databases to list: of which group or parent, after which name, and how many. None means no limit."""

    group: str | None = None
    parent: str | None = None
    after: str = ""
    limit: int | None = None


def every(connection: apsw.Connection, organization: str, wanted: Listing) -> tuple[list[Database], str | None]:
    """Return one page of databases, sorted by name, and the name after which the next page starts.

    The name is None on the last page.
    """
    limit = -1 if wanted.limit is None else wanted.limit + 1
    rows = connection.execute(
        f"SELECT {DATABASE_COLUMNS} FROM {DATABASES} WHERE d.organization = ? AND d.deleted_at IS NULL AND d.name > ?"  # noqa: S608
        " AND (? IS NULL OR d.group_name = ?) AND (? IS NULL OR d.parent ->> 'id' = ?) ORDER BY d.name LIMIT ?",
        (organization, wanted.after, wanted.group, wanted.group, wanted.parent, wanted.parent, limit),
    )
    found = [records.database(row) for row in rows]
    if wanted.limit is None or len(found) <= wanted.limit:
        return found, None
    return found[:-1], found[-2].name


def find(connection: apsw.Connection, organization: str, name: str) -> Database:
    """Return a database. Raises Missing."""
    row = connection.execute(
        f"SELECT {DATABASE_COLUMNS} FROM {DATABASES} WHERE d.organization = ? AND d.name = ? AND d.deleted_at IS NULL",  # noqa: S608
        (organization, name),
    ).fetchone()
    if row is None:
        raise Missing(f"could not find database with name {name}: record not found")
    return records.database(row)


def ids(connection: apsw.Connection, organization: str) -> list[str]:
    """Return the IDs of all databases of an organization, sorted by their names."""
    rows = connection.execute(
        "SELECT id FROM databases WHERE organization = ? AND deleted_at IS NULL ORDER BY name", (organization,)
    )
    return [str(id_) for (id_,) in rows]


def count(connection: apsw.Connection, organization: str) -> int:
    row = connection.execute(
        "SELECT count(*) FROM databases WHERE organization = ? AND deleted_at IS NULL", (organization,)
    ).fetchone()
    assert row is not None
    return int(row[0])


def live_ids(connection: apsw.Connection) -> set[str]:
    """Return the IDs of all existing databases, of every organization."""
    return {str(id_) for (id_,) in connection.execute("SELECT id FROM databases WHERE deleted_at IS NULL")}


@dataclass(frozen=True)
class NewDatabase:
    """The values of a new database."""

    id: str
    organization: str
    name: str
    group: str
    created_at: float
    ready_at: float = 0.0
    size_limit_bytes: int = 0
    parent: dict[str, Any] | None = None


def create(connection: apsw.Connection, new: NewDatabase) -> Database:
    """Create a database. Raises Conflict if the name is taken."""
    key = Key.fresh()
    try:
        connection.execute(
            "INSERT INTO databases(id, organization, name, group_name, key_id, key_secret, size_limit, parent,"
            " ready_at, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(new.id, new.organization, new.name, new.group, key.id, key.secret, new.size_limit_bytes),
                *(json.dumps(new.parent) if new.parent else None, new.ready_at, new.created_at),
            ),
        )
    except apsw.ConstraintError as error:
        raise Conflict(f"database with name {new.name} already exists") from error
    return find(connection, new.organization, new.name)


def destroy(connection: apsw.Connection, organization: str, name: str, at: float) -> Database:
    """Delete a database. Raises Missing, or Protected if it or its group has delete protection."""
    database = find(connection, organization, name)
    if database.delete_protection:
        raise Protected(f"database {name} has delete protection enabled")
    if database.group_protected:
        raise Protected(f"group {database.group} has delete protection enabled")
    connection.execute("UPDATE databases SET deleted_at = ? WHERE id = ?", (at, database.id))
    connection.execute("DELETE FROM queries WHERE database_id = ?", (database.id,))
    return database


def rotate(connection: apsw.Connection, organization: str, name: str) -> Database:
    """Replace the key of a database, which revokes every token issued for it. Its group's tokens stay valid.

    Raises Missing.
    """
    database, key = find(connection, organization, name), Key.fresh()
    connection.execute(
        "UPDATE databases SET key_id = ?, key_secret = ? WHERE id = ?", (key.id, key.secret, database.id)
    )
    return find(connection, organization, name)


def encrypt(connection: apsw.Connection, organization: str, name: str, cipher: str) -> Database:
    """Mark a database as encrypted with a customer's key. Raises Missing."""
    database = find(connection, organization, name)
    connection.execute("UPDATE databases SET encryption_cipher = ? WHERE id = ?", (cipher, database.id))
    return find(connection, organization, name)


@dataclass(frozen=True)
class Configuration:
    """Changes to a database's configuration. None leaves a setting unchanged."""

    size_limit: int | None = None
    block_reads: bool | None = None
    block_writes: bool | None = None
    delete_protection: bool | None = None
    allow_attach: bool | None = None
    allowed_ips: list[str] | None = None
    allowed_aws_vpc_ids: list[str] | None = None


def configure(connection: apsw.Connection, organization: str, name: str, changes: Configuration) -> Database:
    database = find(connection, organization, name)
    for column, value in asdict(changes).items():
        if value is not None:
            stored = json.dumps(value) if isinstance(value, list) else value
            connection.execute(f"UPDATE databases SET {column} = ? WHERE id = ?", (stored, database.id))  # noqa: S608
    return find(connection, organization, name)
