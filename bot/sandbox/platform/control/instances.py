"""Instances: the copies of a database, and the calls of 2023 that created and destroyed them."""

import secrets

from starlette.responses import Response

from bot.sandbox.platform.catalog import instances
from bot.sandbox.platform.catalog.records import Instance
from bot.sandbox.platform.control import shapes
from bot.sandbox.platform.control.call import ApiError, Call, answer, empty
from bot.sandbox.platform.control.reach import reachable
from bot.sandbox.platform.names import locations

_ADJECTIVES = ("brave", "calm", "clever", "eager", "fair", "gentle", "kind", "proud", "quick", "steady", "sunny")
_NOUNS = ("badger", "comet", "falcon", "harbor", "heron", "lantern", "maple", "otter", "pebble", "river")


async def every(call: Call) -> Response:
    database = await reachable(call)
    found = await call.turso.read(instances.every, database.id)
    return answer({"instances": [_shape(call, instance) for instance in found]})


async def get(call: Call) -> Response:
    return answer({"instance": _shape(call, await _instance(call))})


async def _instance(call: Call) -> Instance:
    database = await reachable(call)
    return await call.turso.read(instances.find, database.id, call.path("instance"))


def _shape(call: Call, instance: Instance) -> shapes.Json:
    return shapes.instance(instance, call.hostname(call.path("name")))


async def create(call: Call) -> Response:
    """Create an instance. The first is the primary. Without a primary, the data plane doesn't serve the database."""
    database, body = await reachable(call), await call.body()
    location = body.get("location")
    if not isinstance(location, str) or location not in locations(call.turso.generation):
        raise ApiError(400, f"invalid location: {str(location)[:40]}")
    name = f"{secrets.choice(_ADJECTIVES)}-{secrets.choice(_NOUNS)}-{secrets.token_hex(2)}"
    instance = await call.turso.change(instances.create, database.id, name, location)
    return answer({"instance": _shape(call, instance), "username": "", "password": ""})


async def destroy(call: Call) -> Response:
    database, name = await reachable(call), call.path("instance")
    await call.turso.change(instances.destroy, database.id, name, call.turso.clock.time())
    return answer({"instance": name})


async def wait(call: Call) -> Response:
    await _instance(call)
    return empty()


async def done(call: Call) -> Response:
    """Report success for the version update of 2023, which has no effect here."""
    await reachable(call)
    return empty()


async def wake(call: Call) -> Response:
    """Refuse to wake a database that is in a group. Do nothing for another database, because it is never archived."""
    database = await reachable(call)
    if database.group:
        raise ApiError(400, f"database {database.name} is part of a group, please unarchive the group instead")
    return empty()
