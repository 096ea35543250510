"""The two HTTP clients for Turso. Each has one connection pool for the lifetime of the process."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import httpx
from httpx_aiohttp import HttpxAiohttpClient
from pydantic import SecretStr

from bot.turso.calls import Observer, RetryLimits
from bot.turso.client import TursoClient

TIMEOUT = httpx.Timeout(10, connect=5)
LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=30)
LIMITS_OF_CHANGES = httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=2)
"""Idle connections are closed long before servers and proxies close them (after five seconds or more). A change on a
connection that is being closed would have an unknown outcome, and one more handshake costs less than that."""


@asynccontextmanager
async def connect(
    base_url: str,
    token: SecretStr,
    organization: str,
    *,
    observer: Observer | None = None,
    retry_limits: RetryLimits | None = None,
) -> AsyncIterator[TursoClient]:
    """Yield a client for one organization. Closes its connections on exit.

    Reads use aiohttp, whose pool takes a third of the CPU time of httpx's. Changes use httpx's own transport, because
    aiohttp repeats a DELETE by itself when a reused connection breaks, and hides whether the first one was sent.

    Args:
        base_url: `https://api.turso.tech` or another address. A trailing `/v1/` is removed.
        observer: called after every HTTP attempt with its route, status and duration.
    """
    base_url = base_url.rstrip("/").removesuffix("/v1")
    headers = {"Authorization": f"Bearer {token.get_secret_value()}", "User-Agent": "turso-ops"}
    verify = httpx.create_ssl_context()  # shared, because creating it takes longer than everything else here
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
        yield TursoClient(reader, writer, organization, observer=observer, retry_limits=retry_limits)


def limit_loggers() -> None:
    """Limit the HTTP libraries' loggers to warnings. At DEBUG they log response headers, at INFO URLs."""
    for name in ("httpx", "httpcore", "hpack", "aiohttp", "stamina"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _is_loopback(base_url: str) -> bool:
    return (urlsplit(base_url).hostname or "") in ("localhost", "127.0.0.1", "::1")
