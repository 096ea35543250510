"""Parsers for response bodies, in the formats of the 2023 API and of today's API."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import orjson
import structlog
from pydantic import ValidationError
from pydantic_core import from_json

from bot.core.redaction.text_cleaning import clean
from bot.turso.models import (
    Database,
    DatabaseUsage,
    Group,
    Instance,
    InstanceUsage,
    Listed,
    Listing,
    Location,
    Organization,
    OrganizationUsage,
    Quotas,
    TopQuery,
    Usage,
)
from bot.turso.tolerance import READING, Wire, name_of

log = structlog.get_logger(__name__)

W = TypeVar("W", bound=Wire)


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the list of databases. `next` is the cursor of the next page, or None on the last one."""

    databases: Listing
    next: str | None


_new_listed = tuple.__new__  # does the same as `Listed()` in half the time


def page(body: bytes) -> Page:
    """Parse `{"databases": [...], "pagination": {"next": …}}`. A null or missing list is empty.

    Raises:
        LookupError: the list isn't empty, and none of its entries can be read.
    """
    raw = _parse_json(body)
    found, left_out = [], 0
    for entry in raw.get("databases") or []:
        try:
            group = entry.get("group", "")
            name, db_id = entry["Name"], entry["DbId"]
            if name.isprintable() and db_id.isprintable() and group.isprintable() and name and db_id:
                found.append(_new_listed(Listed, (name, group, entry)))
                continue
        except (LookupError, TypeError, AttributeError):
            pass
        try:
            found.append(Listed.of(entry))
        except (LookupError, TypeError, AttributeError):
            left_out += 1
            _warn("a list of databases", entry)
    if left_out and not found:
        raise LookupError("no entry can be read: this is another kind of list")
    return Page(Listing(found, left_out), (raw.get("pagination") or {}).get("next") or None)


def _parse_json(body: bytes) -> Any:
    """Parse JSON with orjson, or with the standard library if orjson refuses the body.

    orjson is faster, which matters for lists of ten thousand databases. But it refuses a body with half a
    surrogate pair in a string, and one such string must not make the whole list unreadable.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return json.loads(body)


def _read_entries(model: type[W], entries: Any, of: str) -> list[W]:
    """Return the entries of a list as models. Entries that can't be read are left out and logged."""
    entries_read = []
    for entry in entries if isinstance(entries, list) else []:
        READING.set(f"{of}: {_entry_label(entry)}")
        try:
            entries_read.append(model.model_validate(entry))
        except ValidationError:
            _warn(of, entry)
    READING.set("")
    return entries_read


def _warn(of: str, entry: Any) -> None:
    log.warning("turso.left_out", of=of, entry=_entry_label(entry))


def _entry_label(entry: Any) -> str:
    """Return the names and IDs of a list entry, for a log line."""
    if not isinstance(entry, dict):
        return type(entry).__name__
    names = (entry.get(key) for key in ("Name", "name", "DbId", "uuid"))
    return " ".join(clean(str(name))[:80] for name in names if name) or "without a name"


def database(body: bytes) -> Database:
    """Parse `{"database": {…}}`."""
    return Database.model_validate(_unwrap(from_json(body), "database"))


def instances(body: bytes) -> list[Instance]:
    """Parse `{"instances": [...]}`. A null or missing list is empty."""
    return _read_entries(Instance, from_json(body).get("instances"), "instances")


def groups(body: bytes) -> list[Group]:
    """Parse `{"groups": [...]}`. A null or missing list is empty."""
    return _read_entries(Group, from_json(body).get("groups"), "groups")


def group(body: bytes) -> Group:
    """Parse `{"group": {…}}`."""
    return Group.model_validate(_unwrap(from_json(body), "group"))


def locations(body: bytes) -> list[Location]:
    """Parse a map of codes to labels, or the newer format: a map of providers to such maps."""
    labels: dict[str, str] = {}
    for key, value in (from_json(body).get("locations") or {}).items():
        labels |= value if isinstance(value, dict) else {key: value}
    named = [
        {"code": code, "label": label if isinstance(label, str) and label else code} for code, label in labels.items()
    ]
    return _read_entries(Location, named, "locations")


def top_queries(body: bytes) -> list[TopQuery]:
    """Parse a bare array, or the older `{"top_queries": [...]}`. Null means none."""
    raw = from_json(body)
    entries = raw.get("top_queries") if isinstance(raw, dict) else raw
    return _read_entries(TopQuery, entries, "top queries")


def database_usage(body: bytes) -> DatabaseUsage:
    """Parse `{"database": {…}}`. The 2023 API has `instances` and `total` next to that key."""
    raw = from_json(body)
    inner = _unwrap(raw, "database")
    usage = _usage_of(inner, beside=raw)
    return usage.model_copy(update={"is_of_month": inner is not raw and bool(raw.keys() & {"instances", "total"})})


def organization_usage(body: bytes) -> OrganizationUsage:
    """Parse `{"organization": {…}}` with totals, counts and the usage of every database."""
    raw = _unwrap(from_json(body), "organization")
    totals = _dict(raw.get("usage") or raw.get("total"))
    databases = tuple(_database_usages(raw.get("databases")))
    return OrganizationUsage(
        uuid=raw.get("uuid"),
        usage=_usage(totals, "the organization") if totals else Usage.sum(database.usage for database in databases),
        database_count=totals.get("databases"),
        location_count=totals.get("locations"),
        group_count=totals.get("groups"),
        databases=databases,
    )


def organization(body: bytes) -> Organization:
    """Parse `{"organization": {…}}`."""
    return Organization.model_validate(_unwrap(from_json(body), "organization"))


def quotas(plans: bytes, plan: str) -> Quotas | None:
    """Return the quotas of one plan from the list of all plans. None if the plan isn't listed, or without quotas."""
    for entry in from_json(plans).get("plans") or []:
        if not isinstance(entry, dict):
            _warn("plans", entry)
        elif str(entry.get("name", "")).lower() == plan.lower() and isinstance(entry.get("quotas"), dict):
            return Quotas.model_validate({**entry["quotas"], "plan": entry["name"]})
    return None


def subscribed_plan(body: bytes) -> str:
    """Return the plan's name from `{"subscription": {"plan": …}}` or the older `{"subscription": "starter"}`.

    Empty if there is none.
    """
    raw = from_json(body).get("subscription") or ""
    return raw if isinstance(raw, str) else str(raw.get("plan") or raw.get("name") or "")


def _database_usages(entries: Any) -> Iterator[DatabaseUsage]:
    for entry in entries if isinstance(entries, list) else []:
        if isinstance(entry, dict) and name_of(entry.get("uuid")):
            yield _usage_of(entry, beside={})
        else:
            _warn("the usage of databases", entry)


def _usage_of(raw: dict[str, Any], *, beside: dict[str, Any]) -> DatabaseUsage:
    of = _entry_label(raw)
    shares = _instances(raw.get("instances")) or _instances(beside.get("instances"))
    given = (raw.get("usage"), raw.get("total"), beside.get("total"))
    total = next((_usage(usage, of) for usage in given if usage is not None), None)
    usage = total or Usage.sum(share.usage for share in shares)
    return DatabaseUsage(uuid=raw.get("uuid"), usage=usage, instances=shares)


def _usage(raw: Any, of: str) -> Usage:
    """Parse usage numbers. If the value isn't an object, every number is unknown."""
    READING.set(f"usage of {of}")
    try:
        return Usage.model_validate(_dict(raw))
    finally:
        READING.set("")


def _instances(raw: Any) -> tuple[InstanceUsage, ...]:
    if isinstance(raw, dict):
        raw = [{"uuid": uuid, "usage": _dict(share).get("usage", share)} for uuid, share in raw.items() if share]
    shares = [share for share in raw if isinstance(share, dict)] if isinstance(raw, list) else []
    return tuple(
        InstanceUsage(uuid=share.get("uuid"), usage=_usage(share.get("usage"), _entry_label(share))) for share in shares
    )


def _dict(raw: Any) -> dict[str, Any]:
    return raw if isinstance(raw, dict) else {}


def _unwrap(raw: Any, key: str) -> dict[str, Any]:
    inner = raw.get(key)
    return inner if isinstance(inner, dict) else raw if inner is None else {}
