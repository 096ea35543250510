"""Rotations of a database's or a group's keys. Faults can delay a rotation, or extend it to the group."""

from collections.abc import Sequence

from starlette.responses import Response

from bot.sandbox.platform.catalog import databases, groups
from bot.sandbox.platform.catalog.databases import Listing
from bot.sandbox.platform.catalog.records import Database
from bot.sandbox.platform.control.call import Call, empty
from bot.sandbox.platform.control.reach import reach_group, reachable


async def rotate_database(call: Call) -> Response:
    """Revoke every token issued for the database. With the fault `group_rotation`, rotate its whole group."""
    database = await reachable(call)
    if database.group and call.fault("group_rotation"):
        return await _rotate_group(call, database.group)
    await call.turso.change(databases.rotate, call.organization, database.name)
    return await _revoked(call, [database])


async def rotate_group(call: Call) -> Response:
    """Revoke every token issued for the group or for one of its databases."""
    reach_group(call, call.path("group"))
    return await _rotate_group(call, call.path("group"))


async def _rotate_group(call: Call, group: str) -> Response:
    members, _ = await call.turso.read(databases.every, call.organization, Listing(group=group))
    await call.turso.change(groups.rotate, call.organization, group)
    return await _revoked(call, members)


async def _revoked(call: Call, before: Sequence[Database]) -> Response:
    """Apply the new keys, and close the databases' streams.

    With the fault `late_rotation`, keep the streams open, and let the old keys work for the fault's `seconds`.

    Args:
        before: the databases as they were before the rotation.
    """
    late = call.fault("late_rotation")
    for database in before:
        if late is not None:
            call.turso.retired.keep(database.id, database.keys, until=call.turso.clock.time() + late.seconds)
        call.turso.plane.update(await call.turso.read(databases.find, call.organization, database.name))
        if late is None:
            await call.turso.plane.disconnect(database.id)
    return empty()
