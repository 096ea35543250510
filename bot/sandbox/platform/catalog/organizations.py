"""Organizations in the catalogue, and their audit logs."""

import json
from dataclasses import dataclass, replace
from typing import Any

import apsw

from bot.sandbox.platform.catalog.plans import PLANS, Plan
from bot.sandbox.platform.catalog.problems import Conflict, Invalid, Missing
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
    plan: Plan
    """The plan. Quotas that were set for the organization replace the plan's own."""


def every(connection: apsw.Connection) -> list[Organization]:
    """Return all organizations, the oldest first."""
    rows = connection.execute(
        "SELECT slug, uuid, name, type, overages, blocked_reads, blocked_writes, plan, quotas FROM organizations"
        " ORDER BY rowid"
    )
    return [
        Organization(slug, uuid, name, kind, bool(overages), bool(no_reads), bool(no_writes), _plan(plan, quotas))
        for slug, uuid, name, kind, overages, no_reads, no_writes, plan, quotas in rows
    ]


def _plan(name: str, quotas: str) -> Plan:
    plan = PLANS[name]
    return replace(plan, quotas=plan.quotas | json.loads(quotas))


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


def subscribe(
    connection: apsw.Connection, slug: str, *, plan: str | None = None, quotas: dict[str, int | None] | None = None
) -> Organization:
    """Set the plan, the quotas that replace the plan's own, or both. Raises Missing or Invalid."""
    organization = find(connection, slug)
    if plan is not None and plan not in PLANS:
        raise Invalid(f"there is no plan {plan[:40]}")
    if unknown := (quotas or {}).keys() - organization.plan.quotas.keys():
        raise Invalid(f"a plan has no quota {min(unknown)[:40]}")
    for quota, most in (quotas or {}).items():
        if most is not None and (not isinstance(most, int) or most < 0):
            raise Invalid(f"{quota} is no number")
    if plan is not None:
        connection.execute("UPDATE organizations SET plan = ? WHERE slug = ?", (plan, slug))
    if quotas is not None:
        connection.execute("UPDATE organizations SET quotas = ? WHERE slug = ?", (json.dumps(quotas), slug))
    return find(connection, slug)


def block(connection: apsw.Connection, slug: str, *, reads: bool, writes: bool) -> None:
    """Store whether the organization's reads and writes are blocked."""
    connection.execute(
        "UPDATE organizations SET blocked_reads = ?, blocked_writes = ? WHERE slug = ?", (reads, writes, slug)
    )


def note(connection: apsw.Connection, /, organization: str, code: str, message: str, at: float, **event: Any) -> None:
    """Write an entry of the audit log.

    `event` contains the entry's data. It may also contain an `origin` (default: `web`) and an `author` (default: the
    organization).
    """
    origin, author = event.pop("origin", "web"), event.pop("author", organization)
    connection.execute(
        "INSERT INTO audit_log(organization, code, message, origin, author, created_at, data) VALUES (?,?,?,?,?,?,?)",
        (organization, code, message, origin, author, at, json.dumps(event)),
    )


def audit_log(
    connection: apsw.Connection, organization: str, page: int, size: int
) -> tuple[int, list[tuple[Any, ...]]]:
    """Return the number of entries, and one page of entries, newest first."""
    total = connection.execute("SELECT count(*) FROM audit_log WHERE organization = ?", (organization,)).fetchone()
    assert total is not None
    rows = connection.execute(
        "SELECT code, message, origin, author, created_at, data FROM audit_log WHERE organization = ?"
        " ORDER BY id DESC LIMIT ? OFFSET ?",
        (organization, size, (page - 1) * size),
    )
    return int(total[0]), rows.fetchall()
