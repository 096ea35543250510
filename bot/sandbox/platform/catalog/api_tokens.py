"""Stores API tokens in the catalogue: only their hashes, never the tokens."""

import hashlib
import json
from dataclasses import dataclass

import apsw

from bot.sandbox.platform.catalog.problems import Conflict, Missing

_COLUMNS = "id, name, organization, group_name, scopes, created_at"


@dataclass(frozen=True)
class ApiToken:
    """An API token. None means no limit: to one organization, to one group, or to some scopes."""

    id: str
    name: str
    organization: str | None
    group: str | None
    scopes: frozenset[str] | None
    created_at: float


def digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _read(row: tuple[object, ...]) -> ApiToken:
    id_, name, organization, group, scopes, created_at = row
    held = frozenset(json.loads(str(scopes))) if scopes else None
    return ApiToken(str(id_), str(name), organization, group, held, created_at)  # type: ignore[arg-type]


def every(connection: apsw.Connection) -> list[ApiToken]:
    return [_read(row) for row in connection.execute(f"SELECT {_COLUMNS} FROM api_tokens ORDER BY rowid")]  # noqa: S608


def by_hash(connection: apsw.Connection, hashed: bytes) -> ApiToken | None:
    row = connection.execute(f"SELECT {_COLUMNS} FROM api_tokens WHERE hash = ?", (hashed,)).fetchone()  # noqa: S608
    return _read(row) if row else None


def create(connection: apsw.Connection, token: ApiToken, hashed: bytes) -> None:
    """Insert a token. Raises Conflict if its name is taken."""
    try:
        connection.execute(
            "INSERT INTO api_tokens(id, name, hash, organization, group_name, scopes, created_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                *(token.id, token.name, hashed, token.organization, token.group),
                *(json.dumps(sorted(token.scopes)) if token.scopes is not None else None, token.created_at),
            ),
        )
    except apsw.ConstraintError as error:
        raise Conflict(f"api token with name {token.name} already exists") from error


def revoke(connection: apsw.Connection, *, name: str | None = None, id_: str | None = None) -> ApiToken:
    """Delete the token with this name or this ID, and return it. Raises Missing."""
    for token in every(connection):
        if token.name == name or token.id == id_:
            connection.execute("DELETE FROM api_tokens WHERE id = ?", (token.id,))
            return token
    raise Missing("api token not found")
