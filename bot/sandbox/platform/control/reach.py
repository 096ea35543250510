"""Finds the database or group that a call names, and checks that its token may use it."""

from bot.sandbox.platform.catalog.records import Database
from bot.sandbox.platform.control.call import ApiError, Call


async def reachable(call: Call) -> Database:
    """Return the database in the path. Raises Missing, or ApiError if the token is for another group."""
    target = await call.turso.target(call.organization, call.path("name"))
    if call.token.group not in (None, target.database.group):
        raise ApiError(403, "token does not have access to this database")
    return target.database


def reach_group(call: Call, name: str) -> None:
    """Raise ApiError if the token is for another group."""
    if call.token.group not in (None, name):
        raise ApiError(403, "token does not have access to this group")
