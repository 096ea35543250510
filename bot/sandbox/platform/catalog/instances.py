"""Instances in the catalogue: the copies of a database in its locations."""

import apsw

from bot.sandbox.platform.catalog.problems import Conflict, Invalid, Missing
from bot.sandbox.platform.catalog.records import Instance
from bot.sandbox.platform.names import new_uuid

_SELECT = "SELECT uuid, database_id, name, type, region, deleted_at IS NOT NULL FROM instances WHERE database_id = ?"


def every(connection: apsw.Connection, database_id: str, *, deleted: bool = False) -> list[Instance]:
    """Return the instances of a database, the primary first. With `deleted`, also return deleted instances."""
    rows = connection.execute(_SELECT + " AND (? OR deleted_at IS NULL) ORDER BY type, rowid", (database_id, deleted))
    return [Instance(row[0], row[1], row[2], row[3], row[4], bool(row[5])) for row in rows]


def find(connection: apsw.Connection, database_id: str, name: str) -> Instance:
    """Return an instance. Raises Missing."""
    for instance in every(connection, database_id):
        if instance.name == name:
            return instance
    raise Missing(f"could not find instance with name {name}: record not found")


def create(connection: apsw.Connection, database_id: str, name: str, region: str) -> Instance:
    """Create an instance. The first instance of a database is its primary.

    Raises:
        Conflict: the database already has an instance with this name.
    """
    present = every(connection, database_id)
    if any(instance.name == name for instance in present):
        raise Conflict(f"instance with name {name} already exists")
    kind = "replica" if present else "primary"
    connection.execute(
        "INSERT INTO instances(uuid, database_id, name, type, region) VALUES (?, ?, ?, ?, ?)",
        (new_uuid(), database_id, name, kind, region),
    )
    return find(connection, database_id, name)


def destroy(connection: apsw.Connection, database_id: str, name: str, at: float) -> Instance:
    """Delete an instance. Raises Missing, or Invalid for the primary, which can only be deleted with its database."""
    instance = find(connection, database_id, name)
    if instance.type == "primary":
        raise Invalid("cannot destroy the primary instance")
    connection.execute("UPDATE instances SET deleted_at = ? WHERE uuid = ?", (at, instance.uuid))
    return instance
