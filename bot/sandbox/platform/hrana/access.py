"""Checks the tokens with which clients access databases, and has the errors for tokens that aren't accepted."""

from collections.abc import Sequence
from typing import Any

from bot.sandbox.platform.catalog.records import Database
from bot.sandbox.platform.names import Generation
from bot.sandbox.platform.tokens import LEEWAY_SECONDS, Key, Verifier, looks_like_jwt


class Denied(Exception):
    """Raised if access is denied, with Turso's status and text and the error code of libSQL's server."""

    def __init__(self, status: int, text: str, code: str) -> None:
        self.status, self.text, self.code = status, text, code
        super().__init__(text)

    def as_json(self) -> dict[str, str]:
        """Return the body of the response. Clients read different keys, so it contains all of them."""
        return {"error": self.text, "message": self.text, "code": self.code}


def archived(group: str) -> Denied:
    """Return the error for a database whose group is archived: Turso's edge can't reach it, and responds with 502."""
    return Denied(502, f"upstream forward failed: group {group} is archived", "GROUP_ARCHIVED")


Refusals = dict[str, tuple[int, str, str]]
"""The status, text and code of the error for each kind of token that isn't accepted."""
_NOW = "Unauthorized: `unauthorized access attempt on database: {}`"
_2023 = "Unauthorized: `{}`"
_BAD_KEY = "invalid JWT token: can't be decoded with any of the existing keys"
_FOREIGN = "token does not have the permissions to access the database"
_BAD_SCHEME = "The authentication scheme in the HTTP header is not supported"

_ERRORS: dict[Generation, Refusals] = {
    "now": {
        "missing": (401, _NOW.format("empty JWT token"), "AUTH_HTTP_HEADER_MISSING"),
        "scheme": (401, _NOW.format("empty JWT token"), "AUTH_HTTP_HEADER_UNSUPPORTED_SCHEME"),
        "malformed": (400, "JWT error: InvalidToken", "AUTH_JWT_INVALID"),
        "unknown": (401, _NOW.format(_BAD_KEY), "AUTH_JWT_INVALID"),
        "foreign": (401, _NOW.format(_FOREIGN), "AUTH_JWT_FORBIDDEN"),
        "expired": (401, _NOW.format("The JWT has expired"), "AUTH_JWT_EXPIRED"),
    },
    "2023": {
        "missing": (401, _2023.format("Expected authorization header but none given"), "AUTH_HTTP_HEADER_MISSING"),
        "scheme": (401, _2023.format(_BAD_SCHEME), "AUTH_HTTP_HEADER_UNSUPPORTED_SCHEME"),
        "malformed": (401, _2023.format("The JWT is invalid"), "AUTH_JWT_INVALID"),
        "unknown": (401, _2023.format("The JWT is invalid"), "AUTH_JWT_INVALID"),
        "foreign": (404, "Namespace doesn't exist", "NAMESPACE_DOES_NOT_EXIST"),
        "expired": (401, _2023.format("The JWT has expired"), "AUTH_JWT_EXPIRED"),
    },
}


def check_token(
    header: str | None,
    database: Database,
    verifier: Verifier,
    *,
    now: float,
    generation: Generation,
    retired: Sequence[Key] = (),
) -> bool:
    """Check the token in an `Authorization` header, and return True if it is read-only. Raises Denied.

    Args:
        header: the header's value, or None if it is absent.
        now: the time in seconds since the epoch.
        retired: replaced keys of the database whose tokens are still accepted.
    """
    errors = _ERRORS[generation]
    token = _token(header, errors)
    claims = verifier.claims(token, [*database.keys, *retired])
    if claims is None:
        raise Denied(*errors["unknown" if looks_like_jwt(token) else "malformed"])
    _check(claims, database, errors, now)
    return claims.get("a") in ("ro", "roa")


def _token(header: str | None, errors: Refusals) -> str:
    if not header or not header.strip():
        raise Denied(*errors["missing"])
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer":
        raise Denied(*errors["scheme"])
    if not token.strip():
        raise Denied(*errors["missing"])
    return token.strip()


def _check(claims: dict[str, Any], database: Database, errors: Refusals, now: float) -> None:
    expiry = claims.get("exp")
    if expiry is not None and now > expiry + LEEWAY_SECONDS:
        raise Denied(*errors["expired"])
    if claims.get("id") != database.id and claims.get("gid") != database.group_uuid:
        raise Denied(*errors["foreign"])
