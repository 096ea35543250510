"""Database tokens: Ed25519 JSON Web Tokens with Turso's claims, and the keys that sign them."""

import math
import secrets
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from typing import Any, Literal

import jwt
from cachetools import LRUCache
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

Access = Literal["full-access", "read-only"]
LEEWAY_SECONDS = 60
LONGEST_TOKEN = 8192


@dataclass(frozen=True)
class Key:
    """A signing key. A rotation replaces it, which revokes every token that it has signed."""

    id: str
    secret: bytes = field(repr=False)

    @classmethod
    def fresh(cls) -> "Key":
        return cls(str(uuid.uuid4()), secrets.token_bytes(32))

    @property
    def public(self) -> Ed25519PublicKey:
        return _public(self.secret)


@lru_cache(maxsize=4096)
def _public(secret: bytes) -> Ed25519PublicKey:
    return Ed25519PrivateKey.from_private_bytes(secret).public_key()


def mint(key: Key, claims: dict[str, Any], *, now: float, lifetime: timedelta | None, access: Access) -> str:
    """Return a signed token. `claims` says what the token opens: the `id` of a database or the `gid` of a group."""
    payload: dict[str, Any] = {"a": "ro" if access == "read-only" else "rw", "iat": int(now), "kid": key.id}
    payload |= {"rid": str(uuid.uuid4())} | claims
    if lifetime is not None:
        payload["exp"] = math.ceil(now + lifetime.total_seconds())
    return jwt.encode(payload, Ed25519PrivateKey.from_private_bytes(key.secret), algorithm="EdDSA")


def looks_like_jwt(token: str) -> bool:
    """Return True if a text has the form and a possible length of a JWT. The signature isn't checked."""
    if len(token) > LONGEST_TOKEN:
        return False
    try:
        jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError):
        return False
    return True


class RetiredKeys:
    """Keys that a rotation has replaced, but that still work for a while because of the fault `late_rotation`.

    Turso documents that old tokens lose access "within one hour".
    """

    def __init__(self) -> None:
        self._keys: dict[str, list[tuple[Key, float]]] = {}

    def keep(self, database_id: str, keys: Iterable[Key], *, until: float) -> None:
        """Let replaced keys of a database work until a time, in seconds since the epoch."""
        self._keys.setdefault(database_id, []).extend((key, until) for key in keys)

    def of(self, database_id: str, now: float) -> list[Key]:
        """Return the replaced keys of a database that still work."""
        if database_id not in self._keys:
            return []
        working = self._keys[database_id] = [(key, until) for key, until in self._keys[database_id] if until > now]
        return [key for key, _ in working]


class Verifier:
    """Checks signatures. It remembers valid tokens, because a client sends the same one with every request."""

    def __init__(self, remembered: int = 4096) -> None:
        self._good: LRUCache[tuple[str, str], dict[str, Any]] = LRUCache(remembered)

    def claims(self, token: str, keys: list[Key]) -> dict[str, Any] | None:
        """Return the claims if one of `keys` signed the token, otherwise None. The caller must check the expiry."""
        for key in keys:
            known = self._good.get((key.id, token)) or self._check(token, key)
            if known is not None:
                return known
        return None

    def _check(self, token: str, key: Key) -> dict[str, Any] | None:
        try:
            claims: dict[str, Any] = jwt.decode(
                token, key.public, algorithms=["EdDSA"], options={"verify_exp": False, "verify_iat": False}
            )
        except (jwt.PyJWTError, ValueError):
            return None
        self._good[key.id, token] = claims
        return claims
