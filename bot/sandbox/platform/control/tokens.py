"""Database tokens: minting for a database or a group."""

from datetime import timedelta

from starlette.responses import Response

from bot.sandbox.platform.catalog import groups
from bot.sandbox.platform.control.call import ApiError, Call, answer
from bot.sandbox.platform.control.databases import note
from bot.sandbox.platform.control.reach import reach_group, reachable
from bot.sandbox.platform.expiration import BadExpiration, parse_expiration
from bot.sandbox.platform.tokens import Access, mint

_NO_PERMISSIONS = "Permissions are not supported for db-api controlled databases"


async def mint_for_database(call: Call) -> Response:
    database = await reachable(call)
    lifetime, access = await _requested_token(call)
    jwt = mint(database.key, {"id": database.id}, now=call.turso.clock.time(), lifetime=lifetime, access=access)
    await note(call, "db-token-create", f"created a token for database {database.name}", database=database.name)
    return answer({"jwt": jwt})


async def mint_for_group(call: Call) -> Response:
    """Return a token that opens every database of the group, including those created later."""
    reach_group(call, call.path("group"))
    group = await call.turso.read(groups.find, call.organization, call.path("group"))
    lifetime, access = await _requested_token(call)
    jwt = mint(group.key, {"gid": group.uuid}, now=call.turso.clock.time(), lifetime=lifetime, access=access)
    await note(call, "group-token-create", f"created a token for group {group.name}", group=group.name)
    return answer({"jwt": jwt})


async def _requested_token(call: Call) -> tuple[timedelta | None, Access]:
    _refuse_permissions(await call.body())
    try:
        lifetime = parse_expiration(call.query("expiration") or "")
    except BadExpiration:
        raise ApiError(400, "Invalid expiration format") from None
    access = call.query("authorization") or "full-access"
    if access == "full-access":
        return lifetime, "full-access"
    if access == "read-only":
        return lifetime, "read-only"
    raise ApiError(400, "Invalid authorization: use full-access or read-only")


def _refuse_permissions(body: dict[str, object]) -> None:
    """Refuse permissions, except the empty list that the TypeScript client always sends."""
    permissions = body.get("permissions")
    attach = permissions.get("read_attach") if isinstance(permissions, dict) else None
    wanted = attach.get("databases") if isinstance(attach, dict) else None
    if wanted or body.get("fine_grained_permissions"):
        raise ApiError(400, _NO_PERMISSIONS)
