"""The two HTTP clients to Turso, one pool each for the life of the process."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import httpx
from httpx_aiohttp import HttpxAiohttpClient
from pydantic import SecretStr

from bot.turso.calls import Observer, Patience
from bot.turso.client import TursoClient

TIMEOUT = httpx.Timeout(10, connect=5)
LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=30)
LIMITS_OF_CHANGES = httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=2)
"""Given up long before servers and proxies do (five seconds and more): a change that meets a connection which is just
closing has an unknown outcome, and one more handshake costs less than that."""


@asynccontextmanager
async def connect(
    base_url: str,
    token: SecretStr,
    organization: str,
    *,
    observer: Observer | None = None,
    patience: Patience | None = None,
) -> AsyncIterator[TursoClient]:
    """Yield the client of one organization; leaving closes its connections.

    GET goes over aiohttp, whose pool costs a third of the CPU of httpx's. Changes go over httpx's own transport:
    aiohttp sends DELETE again by itself when a kept connection breaks, and hides whether the first one left.

    Args:
        base_url: `https://api.turso.tech`, or any other; what ends in `/v1/` is understood as well.
        observer: is told of every call with its route and status.
    """
    base_url = base_url.rstrip("/").removesuffix("/v1")
    headers = {"Authorization": f"Bearer {token.get_secret_value()}", "User-Agent": "turso-ops"}
    verify = httpx.create_ssl_context()  # one for both: making it takes longer than all else here
    trust_env = not _is_loopback(base_url)
    async with (
        HttpxAiohttpClient(
            base_url=base_url, headers=headers, timeout=TIMEOUT, limits=LIMITS, verify=verify, trust_env=trust_env
        ) as reader,
        httpx.AsyncClient(
            base_url=base_url,
            headers=headers,
            timeout=TIMEOUT,
            limits=LIMITS_OF_CHANGES,
            verify=verify,
            trust_env=trust_env,
        ) as writer,
    ):
        yield TursoClient(reader, writer, organization, observer=observer, patience=patience)


def quiet_loggers() -> None:
    """Cap the HTTP libraries' loggers: at DEBUG they tell every header of an answer, at INFO every URL."""
    for name in ("httpx", "httpcore", "hpack", "aiohttp", "stamina"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _is_loopback(base_url: str) -> bool:
    return (urlsplit(base_url).hostname or "") in ("localhost", "127.0.0.1", "::1")
