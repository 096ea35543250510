"""Organizations in the catalogue, and what happened in them."""

import json
from dataclasses import dataclass
from typing import Any

import apsw

from bot.sandbox.platform.catalog.problems import Conflict, Missing
from bot.sandbox.platform.names import new_uuid


@dataclass(frozen=True)
class Organization:
    slug: str
    uuid: str
    name: str
    type: str
    overages: bool
    blocked_reads: bool
    blocked_writes: bool


def every(connection: apsw.Connection) -> list[Organization]:
    """Return all organizations, the oldest first."""
    rows = connection.execute(
        "SELECT slug, uuid, name, type, overages, blocked_reads, blocked_writes FROM organizations ORDER BY rowid"
    )
    return [Organization(*row[:4], *(bool(flag) for flag in row[4:7])) for row in rows]


def find(connection: apsw.Connection, slug: str) -> Organization:
    """Return an organization. Raises Missing."""
    for organization in every(connection):
        if organization.slug == slug:
            return organization
    raise Missing("organization not found")


def create(connection: apsw.Connection, slug: str, *, name: str | None = None, kind: str = "team") -> Organization:
    """Create an organization. Raises Conflict if the slug is taken."""
    try:
        connection.execute(
            "INSERT INTO organizations(slug, uuid, name, type) VALUES (?, ?, ?, ?)",
            (slug, new_uuid(), name or slug, kind),
        )
    except apsw.ConstraintError as error:
        raise Conflict("organization already exists") from error
    return find(connection, slug)


def update(connection: apsw.Connection, slug: str, *, overages: bool) -> Organization:
    connection.execute("UPDATE organizations SET overages = ? WHERE slug = ?", (overages, slug))
    return find(connection, slug)


def note(connection: apsw.Connection, /, organization: str, code: str, message: str, at: float, **event: Any) -> None:
    """Write an entry of the audit log. `event` has `origin`, `author` and what else belongs to it."""
    origin, author = event.pop("origin", "web"), event.pop("author", organization)
    connection.execute(
        "INSERT INTO audit_log(organization, code, message, origin, author, created_at, data) VALUES (?,?,?,?,?,?,?)",
        (organization, code, message, origin, author, at, json.dumps(event)),
    )


def audit_log(
    connection: apsw.Connection, organization: str, page: int, size: int
) -> tuple[int, list[tuple[Any, ...]]]:
    """Return the number of entries, and one page of them, newest first."""
    total = connection.execute("SELECT count(*) FROM audit_log WHERE organization = ?", (organization,)).fetchone()
    assert total is not None
    rows = connection.execute(
        "SELECT code, message, origin, author, created_at, data FROM audit_log WHERE organization = ?"
        " ORDER BY id DESC LIMIT ? OFFSET ?",
        (organization, size, (page - 1) * size),
    )
    return int(total[0]), rows.fetchall()
