"""Creates, lists, changes and deletes groups in the catalogue."""

import json

import apsw

from bot.sandbox.platform.catalog import records
from bot.sandbox.platform.catalog.problems import Conflict, Missing, Protected
from bot.sandbox.platform.catalog.records import Group
from bot.sandbox.platform.names import new_uuid
from bot.sandbox.platform.tokens import Key

_COLUMNS = "uuid, organization, name, locations, key_id, key_secret, delete_protection, archived"


def every(connection: apsw.Connection, organization: str) -> list[Group]:
    rows = connection.execute(f"SELECT {_COLUMNS} FROM groups WHERE organization = ? ORDER BY rowid", (organization,))  # noqa: S608
    return [records.group(row) for row in rows]


def find(connection: apsw.Connection, organization: str, name: str) -> Group:
    """Return a group. Raises Missing."""
    group_found = next((group for group in every(connection, organization) if group.name == name), None)
    if group_found is None:
        raise Missing("group not found")
    return group_found


def create(connection: apsw.Connection, organization: str, name: str, location: str) -> Group:
    """Create a group. Raises Conflict if the name is taken."""
    key = Key.fresh()
    try:
        connection.execute(
            "INSERT INTO groups(uuid, organization, name, locations, key_id, key_secret) VALUES (?, ?, ?, ?, ?, ?)",
            (new_uuid(), organization, name, json.dumps([location]), key.id, key.secret),
        )
    except apsw.ConstraintError as error:
        raise Conflict("group already exists") from error
    return find(connection, organization, name)


def delete(connection: apsw.Connection, organization: str, name: str, at: float) -> tuple[Group, list[str]]:
    """Delete a group, its databases and the API tokens limited to it. Return the group and the IDs of the databases.

    Raises Missing, or Protected if the group or one of its databases has delete protection.
    """
    group = find(connection, organization, name)
    members = connection.execute(
        "SELECT id, delete_protection FROM databases WHERE organization = ? AND group_name = ? AND deleted_at IS NULL",
        (organization, name),
    ).fetchall()
    if group.delete_protection or any(protected for _, protected in members):
        raise Protected("group has delete protection enabled")
    connection.execute(
        "UPDATE databases SET deleted_at = ? WHERE organization = ? AND group_name = ? AND deleted_at IS NULL",
        (at, organization, name),
    )
    connection.execute("DELETE FROM groups WHERE uuid = ?", (group.uuid,))
    connection.execute("DELETE FROM api_tokens WHERE organization = ? AND group_name = ?", (organization, name))
    return group, [str(id_) for id_, _ in members]


def protect(connection: apsw.Connection, organization: str, name: str, *, on: bool) -> Group:
    group = find(connection, organization, name)
    connection.execute("UPDATE groups SET delete_protection = ? WHERE uuid = ?", (on, group.uuid))
    return find(connection, organization, name)


def archive(connection: apsw.Connection, organization: str, name: str, *, on: bool) -> Group:
    """Archive a group and its databases, or wake them."""
    group = find(connection, organization, name)
    connection.execute("UPDATE groups SET archived = ? WHERE uuid = ?", (on, group.uuid))
    return find(connection, organization, name)


def rotate(connection: apsw.Connection, organization: str, name: str) -> list[str]:
    """Replace the keys of the group and its databases, and return the IDs of these databases."""
    group, key = find(connection, organization, name), Key.fresh()
    connection.execute("UPDATE groups SET key_id = ?, key_secret = ? WHERE uuid = ?", (key.id, key.secret, group.uuid))
    members = connection.execute(
        "SELECT id FROM databases WHERE organization = ? AND group_name = ? AND deleted_at IS NULL",
        (organization, name),
    ).fetchall()
    for (member,) in members:
        fresh = Key.fresh()
        connection.execute(
            "UPDATE databases SET key_id = ?, key_secret = ? WHERE id = ?", (fresh.id, fresh.secret, member)
        )
    return [str(member) for (member,) in members]


def place(connection: apsw.Connection, organization: str, name: str, locations: list[str]) -> Group:
    """Set the locations of the group and its databases. The first location is the primary one.

    The caller must keep the primary location, because instances in new locations become replicas.
    """
    group = find(connection, organization, name)
    gone = [code for code in group.locations if code not in locations]
    connection.execute("UPDATE groups SET locations = ? WHERE uuid = ?", (json.dumps(locations), group.uuid))
    members = connection.execute(
        "SELECT id FROM databases WHERE organization = ? AND group_name = ? AND deleted_at IS NULL",
        (organization, name),
    ).fetchall()
    for (member,) in members:
        for code in gone:
            connection.execute("DELETE FROM instances WHERE database_id = ? AND region = ?", (member, code))
        for code in (code for code in locations if code not in group.locations):
            connection.execute(
                "INSERT INTO instances(uuid, database_id, name, type, region) VALUES (?, ?, ?, 'replica', ?)",
                (new_uuid(), member, code, code),
            )
    return find(connection, organization, name)
