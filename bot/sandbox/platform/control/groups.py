"""Groups: list, create, delete, protect, set locations, unarchive."""

from collections.abc import Callable

from starlette.responses import Response

from bot.sandbox.platform.catalog import groups
from bot.sandbox.platform.catalog.records import Group
from bot.sandbox.platform.control import shapes
from bot.sandbox.platform.control.call import ApiError, Call, answer, empty
from bot.sandbox.platform.control.databases import note
from bot.sandbox.platform.control.reach import reach_group
from bot.sandbox.platform.names import is_name, locations


async def every(call: Call) -> Response:
    found = await call.turso.read(groups.every, call.organization)
    return answer({"groups": [shapes.group(group) for group in found if call.token.group in (None, group.name)]})


async def _group(call: Call) -> Group:
    reach_group(call, call.path("group"))
    return await call.turso.read(groups.find, call.organization, call.path("group"))


async def get(call: Call) -> Response:
    return answer({"group": shapes.group(await _group(call))})


async def create(call: Call) -> Response:
    """Create a group. The body's keys may be in any case, because the `turso` CLI capitalizes them."""
    body = {key.lower(): value for key, value in (await call.body()).items()}
    name, location = body.get("name"), body.get("location")
    if not is_name(name):
        raise ApiError(400, "invalid group name: use lowercase letters, numbers and dashes")
    assert isinstance(name, str)
    group = await call.turso.change(groups.create, call.organization, name, _location(call, location))
    await note(call, "group-create", f"created group {name}", group=name)
    return answer({"group": shapes.group(group)})


def _location(call: Call, location: object) -> str:
    if not isinstance(location, str) or location not in locations(call.turso.generation):
        raise ApiError(400, f"invalid location: {str(location)[:40]}")
    return location


async def delete(call: Call) -> Response:
    """Delete the group, its databases and the API tokens limited to it."""
    turso, name = call.turso, call.path("group")
    group, members = await turso.change(groups.delete, call.organization, name, turso.clock.time())
    for database_id in members:
        await turso.plane.remove(database_id)
    await note(call, "group-delete", f"deleted group {name}", group=name)
    return answer({"group": shapes.group(group)})


async def configuration(call: Call) -> Response:
    return answer({"delete_protection": (await _group(call)).delete_protection})


async def configure(call: Call) -> Response:
    group = await _group(call)
    wanted = (await call.body()).get("delete_protection")
    if wanted is not None and not isinstance(wanted, bool):
        raise ApiError(400, "invalid delete_protection: not a boolean")
    if wanted is not None and wanted != group.delete_protection:
        group = await call.turso.change(groups.protect, call.organization, group.name, on=wanted)
        code = "group-protect" if wanted else "group-unprotect"
        await note(call, code, f"{code} {group.name}", group=group.name)
    return answer({"delete_protection": group.delete_protection})


async def add_location(call: Call) -> Response:
    code = _location(call, call.path("location"))
    return await _place(call, lambda present: [*present, code] if code not in present else present)


async def remove_location(call: Call) -> Response:
    code = call.path("location")
    group = await _group(call)
    if code not in group.locations:
        raise ApiError(404, "location not found")
    if code == group.primary:
        raise ApiError(400, "cannot remove the primary location")
    return await _place(call, lambda present: [kept for kept in present if kept != code])


async def _place(call: Call, choose: Callable[[list[str]], list[str]]) -> Response:
    group = await _group(call)
    placed = await call.turso.change(groups.place, call.organization, group.name, choose(list(group.locations)))
    return answer({"group": shapes.group(placed)})


async def wait(call: Call) -> Response:
    await _group(call)
    return empty()


async def unarchive(call: Call) -> Response:
    """Wake the databases of an archived group."""
    group = await _group(call)
    woken = await call.turso.change(groups.archive, call.organization, group.name, on=False)
    if group.archived:
        await note(call, "group-unarchive", f"unarchived group {group.name}", group=group.name)
    return answer({"group": shapes.group(woken)})
