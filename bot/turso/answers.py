"""Read the shapes in which both generations of the API wrap their answers."""

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
    """One answer of the list; no `next` means that it was the last."""

    databases: Listing
    next: str | None


_new = tuple.__new__  # what `Listed()` does, in half the time


def page(body: bytes) -> Page:
    """`{"databases": [...], "pagination": {"next": …}}`; null or missing for none."""
    raw = _loaded(body)
    found, left_out = [], 0
    for entry in raw.get("databases") or []:
        try:
            group = entry.get("group", "")
            name, db_id = entry["Name"], entry["DbId"]
            if name.isprintable() and db_id.isprintable() and group.isprintable() and name and db_id:
                found.append(_new(Listed, (name, group, entry)))
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


def _loaded(body: bytes) -> Any:
    """Read JSON: 40 % faster than by other means, as a list can hold ten thousand and others wait less.

    One odd text in one entry (half of a surrogate pair) is no reason to read none of them.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return json.loads(body)


def _each(model: type[W], entries: Any, of: str) -> list[W]:
    """Read the entries of a list; one that cannot be read is left out, and the log names it."""
    found = []
    for entry in entries if isinstance(entries, list) else []:
        READING.set(f"{of}: {_called(entry)}")
        try:
            found.append(model.model_validate(entry))
        except ValidationError:
            _warn(of, entry)
    READING.set("")
    return found


def _warn(of: str, entry: Any) -> None:
    log.warning("turso.left_out", of=of, entry=_called(entry))


def _called(entry: Any) -> str:
    """Return what names an entry of a list: whatever it has of a name and an id."""
    if not isinstance(entry, dict):
        return type(entry).__name__
    names = (entry.get(key) for key in ("Name", "name", "DbId", "uuid"))
    return " ".join(clean(str(name))[:80] for name in names if name) or "without a name"


def database(body: bytes) -> Database:
    """`{"database": {…}}`."""
    return Database.model_validate(_unwrapped(from_json(body), "database"))


def instances(body: bytes) -> list[Instance]:
    """`{"instances": [...]}`, null or missing for none."""
    return _each(Instance, from_json(body).get("instances"), "instances")


def groups(body: bytes) -> list[Group]:
    """`{"groups": [...]}`, null or missing for none."""
    return _each(Group, from_json(body).get("groups"), "groups")


def group(body: bytes) -> Group:
    """`{"group": {…}}`."""
    return Group.model_validate(_unwrapped(from_json(body), "group"))


def locations(body: bytes) -> list[Location]:
    """A map of code to label, or today's second version: a map of provider to such maps."""
    found: dict[str, str] = {}
    for key, value in (from_json(body).get("locations") or {}).items():
        found |= value if isinstance(value, dict) else {key: value}
    named = [
        {"code": code, "label": label if isinstance(label, str) and label else code} for code, label in found.items()
    ]
    return _each(Location, named, "locations")


def top_queries(body: bytes) -> list[TopQuery]:
    """A bare array, or the older `{"top_queries": [...]}`; null for none."""
    raw = from_json(body)
    entries = raw.get("top_queries") if isinstance(raw, dict) else raw
    return _each(TopQuery, entries, "top queries")


def database_usage(body: bytes) -> DatabaseUsage:
    """`{"database": {…}}`, in 2023 with `instances` and `total` beside it."""
    raw = from_json(body)
    inner = _unwrapped(raw, "database")
    found = _usage_of(inner, beside=raw)
    return found.model_copy(update={"is_of_month": inner is not raw and bool(raw.keys() & {"instances", "total"})})


def organization_usage(body: bytes) -> OrganizationUsage:
    """`{"organization": {…}}` with the totals, the counts and every database."""
    raw = _unwrapped(from_json(body), "organization")
    totals = _dict(raw.get("usage") or raw.get("total"))
    databases = tuple(_each_usage(raw.get("databases")))
    return OrganizationUsage(
        uuid=raw.get("uuid"),
        usage=_usage(totals, "the organization") if totals else Usage.sum(database.usage for database in databases),
        database_count=totals.get("databases"),
        location_count=totals.get("locations"),
        group_count=totals.get("groups"),
        databases=databases,
    )


def organization(body: bytes) -> Organization:
    """`{"organization": {…}}`."""
    return Organization.model_validate(_unwrapped(from_json(body), "organization"))


def quotas(plans: bytes, plan: str) -> Quotas | None:
    """Find the quotas of one plan in the list of all plans."""
    for entry in from_json(plans).get("plans") or []:
        if not isinstance(entry, dict):
            _warn("plans", entry)
        elif str(entry.get("name", "")).lower() == plan.lower() and isinstance(entry.get("quotas"), dict):
            return Quotas.model_validate({**entry["quotas"], "plan": entry["name"]})
    return None


def subscribed_plan(body: bytes) -> str:
    """`{"subscription": {"plan": …}}`, older: `{"subscription": "starter"}`."""
    raw = from_json(body).get("subscription") or ""
    return raw if isinstance(raw, str) else str(raw.get("plan") or raw.get("name") or "")


def _each_usage(entries: Any) -> Iterator[DatabaseUsage]:
    for entry in entries if isinstance(entries, list) else []:
        if isinstance(entry, dict) and name_of(entry.get("uuid")):
            yield _usage_of(entry, beside={})
        else:
            _warn("the usage of databases", entry)


def _usage_of(raw: dict[str, Any], *, beside: dict[str, Any]) -> DatabaseUsage:
    of = _called(raw)
    shares = _instances(raw.get("instances")) or _instances(beside.get("instances"))
    given = (raw.get("usage"), raw.get("total"), beside.get("total"))
    total = next((_usage(usage, of) for usage in given if usage is not None), None)
    usage = total or Usage.sum(share.usage for share in shares)
    return DatabaseUsage(uuid=raw.get("uuid"), usage=usage, instances=shares)


def _usage(raw: Any, of: str) -> Usage:
    """Read numbers of usage; what is no set of numbers at all is unknown."""
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
        InstanceUsage(uuid=share.get("uuid"), usage=_usage(share.get("usage"), _called(share))) for share in shares
    )


def _dict(raw: Any) -> dict[str, Any]:
    return raw if isinstance(raw, dict) else {}


def _unwrapped(raw: Any, key: str) -> dict[str, Any]:
    inner = raw.get(key)
    return inner if isinstance(inner, dict) else raw if inner is None else {}
