"""Usage of a database and of an organization, and the statements that caused it."""

from datetime import UTC, datetime

from starlette.responses import Response

from bot.sandbox.platform.catalog import databases, groups, instances, organizations, usage
from bot.sandbox.platform.catalog.usage import Period, Usage
from bot.sandbox.platform.control import shapes
from bot.sandbox.platform.control.call import ApiError, Call, answer
from bot.sandbox.platform.control.reach import reachable


async def of_database(call: Call) -> Response:
    """Return the usage per instance. A deleted instance is still listed if it has usage."""
    database = await reachable(call)
    await call.turso.flush()
    generation = call.turso.generation
    period = usage.month_of(call.turso.clock.now()) if generation == "2023" else _requested_period(call)
    used = await call.turso.read(usage.of_database, database.id, period)
    present = await call.turso.read(instances.every, database.id)
    by_instance = {instance.uuid: used.get(instance.uuid, Usage()) for instance in present} | used
    shape = shapes.database_usage(database.id, by_instance, generation)
    if generation == "2023":
        by_uuid = {entry["uuid"]: entry["usage"] for entry in shape["instances"]}
        return answer({"database": shape, "instances": by_uuid, "total": shape["usage"]})
    return answer({"database": shape})


async def of_organization(call: Call) -> Response:
    """Return the usage of the current month. Databases without usage are listed with zeros."""
    await call.turso.flush()
    generation = call.turso.generation
    used = await call.turso.read(usage.of_organization, call.organization, usage.month_of(call.turso.clock.now()))
    listed = await call.turso.read(databases.ids, call.organization)
    in_groups = await call.turso.read(groups.every, call.organization)
    record = await call.turso.read(organizations.find, call.organization)
    summed = usage.total(entry for by_instance in used.values() for entry in by_instance.values())
    totals = shapes.usage(summed, generation)
    if generation == "2023":
        totals["storage"] = totals.pop("storage_bytes")
    totals |= {
        "databases": len(listed),
        "locations": len({code for group in in_groups for code in group.locations}),
        "groups": len(in_groups),
    }
    entries = [shapes.database_usage(id_, used.get(id_, {}), generation) for id_ in listed]
    return answer({"organization": {"uuid": record.uuid, "usage": totals, "databases": entries}})


async def stats(call: Call) -> Response:
    top = await _top(call, call.turso.clock.time() - 24 * 3600)
    return answer({"top_queries": top or None})


async def queries(call: Call) -> Response:
    since = _time(call, "from")
    return answer(await _top(call, since.timestamp() if since else call.turso.clock.time() - 24 * 3600))


async def _top(call: Call, since: float) -> list[shapes.Json]:
    database = await reachable(call)
    await call.turso.flush()
    found = await call.turso.read(usage.top_queries, database.id, since)
    return [{"query": query, "rows_read": read, "rows_written": written} for query, read, written in found]


def _requested_period(call: Call) -> Period:
    month = usage.month_of(call.turso.clock.now())
    since, until = _time(call, "from"), _time(call, "to")
    first = f"{since:%Y-%m-%d}" if since else month.first
    last = f"{until:%Y-%m-%d}" if until else max(month.last, first)
    if until and since and until < since:
        raise ApiError(400, "invalid from parameter: after to")
    return Period(first, last)


def _time(call: Call, name: str) -> datetime | None:
    given = call.query(name)
    if given is None:
        return None
    try:
        time = datetime.fromisoformat(given.replace(" ", "+"))
    except ValueError:
        time = None
    if time is None or time.tzinfo is None or "T" not in given:
        raise ApiError(400, f'invalid {name} parameter: parsing time "{given[:40]}" as "2006-01-02T15:04:05Z07:00"')
    try:
        return time.astimezone(UTC)
    except OverflowError:
        raise ApiError(400, f"invalid {name} parameter: out of range") from None
