"""Databases: list, get, create, destroy, configure."""

import re
from typing import Any

from starlette.responses import Response

from bot.sandbox.platform.catalog import databases, groups, instances, organizations
from bot.sandbox.platform.catalog.databases import Configuration, Listing, NewDatabase
from bot.sandbox.platform.catalog.problems import Missing
from bot.sandbox.platform.catalog.records import Database
from bot.sandbox.platform.control import shapes
from bot.sandbox.platform.control.call import ApiError, Call, answer
from bot.sandbox.platform.control.reach import reachable
from bot.sandbox.platform.control.seeds import fill, require_room
from bot.sandbox.platform.names import is_name, new_uuid

_SIZE = re.compile(r"(\d{1,15})\s*(b|kb|mb|gb|tb)?", re.IGNORECASE | re.ASCII)
_UNITS = {"": 1, "b": 1, "kb": 2**10, "mb": 2**20, "gb": 2**30, "tb": 2**40}
_LARGEST_PAGE = 1000


async def every(call: Call) -> Response:
    """Return one page of databases, sorted by name. Without `limit`, return all of them."""
    limit = call.number("limit")
    if call.query("schema"):
        return answer({"databases": []})
    wanted = Listing(
        group=call.token.group or call.query("group"),
        parent=call.query("parent"),
        after=call.query("cursor") or "",
        limit=min(limit, _LARGEST_PAGE) if limit else None,
    )
    found, following = await call.turso.read(databases.every, call.organization, wanted)
    listed = [shape(call, database) for database in found]
    if wanted.limit is None:
        return answer({"databases": listed})
    return answer({"databases": listed, "pagination": {"next": following}})


async def get(call: Call) -> Response:
    return answer({"database": shape(call, await reachable(call))})


def shape(call: Call, database: Database) -> shapes.Json:
    return shapes.database(database, call.hostname(database.name), call.turso.generation)


async def create(call: Call) -> Response:
    """Create a database in a group. In the API of 2023 it may have no group, and then it has no instance yet."""
    body = await call.body()
    turso, name = call.turso, body.get("name")
    if not is_name(name, turso.generation):
        raise ApiError(400, "invalid database name: use lowercase letters, numbers and dashes")
    assert isinstance(name, str)
    if body.get("remote_encryption"):
        raise ApiError(400, "remote encryption is not supported by the local platform")
    group, limit = await _group(call, body), size_limit(body.get("size_limit"))
    database_id = new_uuid(turso.generation)
    await require_room(call)
    parent = await fill(call, body.get("seed"), database_id)
    late = call.fault("not_ready")
    new = NewDatabase(
        id=database_id,
        organization=call.organization,
        name=name,
        group=group,
        created_at=turso.clock.time(),
        ready_at=turso.clock.time() + late.seconds if late else 0.0,
        size_limit_bytes=limit or 0,
        parent=parent,
    )
    try:
        database = await turso.change(_create, new)
    except Exception:
        await turso.plane.remove(database_id)
        raise
    await note(call, "db-create", f"created database {name}", database=name)
    return answer(_created(call, database))


def _create(connection: Any, new: NewDatabase) -> Database:
    databases.create(connection, new)
    if new.group:
        for location in groups.find(connection, new.organization, new.group).locations:
            instances.create(connection, new.id, location, location)
    return databases.find(connection, new.organization, new.name)


def _created(call: Call, database: Database) -> shapes.Json:
    if call.turso.generation == "2023":
        return {"database": shape(call, database), "username": "", "password": ""}
    return {"database": {"DbId": database.id, "Hostname": call.hostname(database.name), "Name": database.name}}


async def _group(call: Call, body: dict[str, Any]) -> str:
    group = body.get("group")
    if group is None or group == "":
        group = "" if call.turso.generation == "2023" else "default"
    if not isinstance(group, str):
        raise ApiError(400, "group not found")
    if call.token.group not in (None, group):
        raise ApiError(403, "token does not have access to this group")
    if group:
        try:
            found = await call.turso.read(groups.find, call.organization, group)
        except Missing:
            raise ApiError(400, "group not found") from None
        if found.archived:
            raise ApiError(400, f"cannot create database on group {group} because it is sleeping")
    return group


def size_limit(given: object) -> int | None:
    """Return the bytes of `1gb`, `256mb` or a plain number. None if no limit is given. Raises ApiError."""
    if given is None:
        return None
    match = _SIZE.fullmatch(str(given).strip()) if isinstance(given, (str, int)) else None
    if match is None or isinstance(given, bool):
        raise ApiError(400, "invalid size limit")
    return min(int(match[1]) * _UNITS[(match[2] or "").lower()], 2**62)


async def destroy(call: Call) -> Response:
    await reachable(call)
    turso, name = call.turso, call.path("name")
    database = await turso.change(databases.destroy, call.organization, name, turso.clock.time())
    await turso.plane.remove(database.id)
    await note(call, "db-delete", f"deleted database {name}", database=name)
    return answer({"database": name})


async def configuration(call: Call) -> Response:
    return answer(shapes.configuration(await reachable(call)))


async def configure(call: Call) -> Response:
    """Change the configuration. Absent and null fields stay as they are, except that null empties a list."""
    before = await reachable(call)
    changes = read_configuration(await call.body())
    database = await call.turso.change(databases.configure, call.organization, before.name, changes)
    call.turso.plane.update(database)
    if before.delete_protection != database.delete_protection:
        code = "db-protect" if database.delete_protection else "db-unprotect"
        await note(call, code, f"{code} {database.name}", database=database.name)
    return answer(shapes.configuration(database))


def read_configuration(body: dict[str, Any]) -> Configuration:
    """Return the changes in a request body. Raises ApiError."""
    return Configuration(
        size_limit=size_limit(body.get("size_limit")),
        block_reads=_switch(body, "block_reads"),
        block_writes=_switch(body, "block_writes"),
        delete_protection=_switch(body, "delete_protection"),
        allow_attach=_switch(body, "allow_attach"),
        allowed_ips=_texts(body, "allowed_ips"),
        allowed_aws_vpc_ids=_texts(body, "allowed_aws_vpc_ids"),
    )


def _switch(body: dict[str, Any], key: str) -> bool | None:
    value = body.get(key)
    if value is not None and not isinstance(value, bool):
        raise ApiError(400, f"invalid {key}: not a boolean")
    return value


def _texts(body: dict[str, Any], key: str) -> list[str] | None:
    if key not in body:
        return None
    given = body[key] or []
    if not isinstance(given, list) or not all(isinstance(text, str) for text in given):
        raise ApiError(400, f"invalid {key}: not a list of strings")
    return given


async def note(call: Call, code: str, message: str, **data: str) -> None:
    """Write an entry of the audit log."""
    agent = call.request.headers.get("user-agent", "")
    origin = "cli" if agent.startswith("turso-cli") else "web"
    await call.turso.read(
        organizations.note, call.organization, code, message, call.turso.clock.time(), origin=origin, **data
    )
