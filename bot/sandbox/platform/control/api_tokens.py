"""API tokens: validate, list, mint, revoke."""

import secrets
from datetime import UTC, datetime
from typing import Any

import jwt
from starlette.responses import Response

from bot.sandbox.platform.catalog import api_tokens, groups, organizations
from bot.sandbox.platform.catalog.api_tokens import ApiToken
from bot.sandbox.platform.catalog.problems import Missing
from bot.sandbox.platform.control.call import ApiError, Call, answer
from bot.sandbox.platform.control.databases import note
from bot.sandbox.platform.names import new_uuid

SCOPES = frozenset({"read", "group:configure", "group:mint-token", "group:rotate-creds"}) | {
    f"db:{operation}" for operation in ("create", "delete", "configure", "mint-token", "rotate-creds")
}
_PRESETS = {"read-only": frozenset({"read"}), "full-access": SCOPES}


async def validate(call: Call) -> Response:
    """Report the token as valid. The platform's API tokens don't expire."""
    return answer({"exp": -1})


async def every(call: Call) -> Response:
    found = await call.turso.read(api_tokens.every)
    return answer({"tokens": [_shape(token) for token in found]})


async def of_organization(call: Call) -> Response:
    found = await call.turso.read(api_tokens.every)
    owner = {"username": call.turso.organization, "email": f"{call.turso.organization}@example.com"}
    own = [token for token in found if token.organization == call.organization]
    return answer({"tokens": [_shape(token) | {"owner": owner} for token in own]})


def _shape(token: ApiToken) -> dict[str, Any]:
    shape: dict[str, Any] = {"id": token.id, "name": token.name}
    if token.organization:
        shape["organization"] = token.organization
    if token.group:
        shape |= {"group": token.group, "scopes": sorted(token.scopes or ())}
    return shape | {"created_at": datetime.fromtimestamp(token.created_at, UTC).strftime("%Y-%m-%d")}


async def mint(call: Call) -> Response:
    token, text = await _mint(call)
    return answer({"name": token.name, "id": token.id, "token": text})


async def mint_v2(call: Call) -> Response:
    """Mint a token, as version 2 of the API does for the `turso` CLI."""
    token, text = await _mint(call)
    return answer({"token": {"name": token.name, "id": token.id, "value": text}})


async def _mint(call: Call) -> tuple[ApiToken, str]:
    body, name = await call.body(), call.path("token")
    organization, group = await _reach(call, body)
    token = ApiToken(new_uuid(), name, organization, group, _scopes(body, group), call.turso.clock.time())
    claims = {"iat": int(token.created_at), "id": token.id, "org": organization}
    text = jwt.encode(claims, secrets.token_bytes(32), algorithm="HS256")
    await call.turso.change(api_tokens.create, token, api_tokens.digest(text))
    await note(call, "user-token-create", f"created api token {name}", name=name)
    return token, text


async def _reach(call: Call, body: dict[str, Any]) -> tuple[str | None, str | None]:
    organization, group = body.get("organization") or None, body.get("group") or None
    if not isinstance(organization, str | None) or not isinstance(group, str | None):
        raise ApiError(400, "invalid organization or group")
    try:
        if organization:
            await call.turso.read(organizations.find, organization)
        if group:
            await call.turso.read(groups.find, organization or call.turso.organization, group)
    except Missing as error:
        raise ApiError(404, str(error)) from None
    if call.token.organization not in (None, organization):
        raise ApiError(403, "token does not have access to this organization")
    return organization or (call.turso.organization if group else None), group


def _scopes(body: dict[str, Any], group: str | None) -> frozenset[str] | None:
    if group is None:
        return None
    given = body.get("scopes") or ["read"]
    if not isinstance(given, list) or not all(isinstance(scope, str) for scope in given):
        raise ApiError(400, "invalid scopes")
    scopes = frozenset().union(*(_PRESETS.get(scope, frozenset({scope})) for scope in given))
    if unknown := scopes - SCOPES:
        raise ApiError(400, f"invalid scope: {min(unknown)[:40]}")
    return scopes


async def revoke(call: Call) -> Response:
    token = await call.turso.change(api_tokens.revoke, name=call.path("token"))
    return answer({"token": token.name})


async def revoke_by_id(call: Call) -> Response:
    """Revoke a token by its ID. A token of another organization counts as missing."""
    found = await call.turso.read(api_tokens.every)
    if not any(each.id == call.path("token") and each.organization == call.organization for each in found):
        raise ApiError(404, "api token not found")
    token = await call.turso.change(api_tokens.revoke, id_=call.path("token"))
    return answer({"token": token.id})


async def invalidate_sessions(call: Call) -> Response:
    return answer({"validFrom": int(call.turso.clock.time())})
