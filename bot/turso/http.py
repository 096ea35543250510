"""The two HTTP clients of an organization. Each keeps one connection pool per proxy, and one for direct connections."""

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx
from httpx_aiohttp import AiohttpTransport
from pydantic import SecretStr

from bot.settings.certificates import tls_context
from bot.settings.proxies import proxy_of
from bot.turso.calls import CallLimits, Observer
from bot.turso.client import TursoClient

TIMEOUT = httpx.Timeout(10, connect=5)
"""The longest wait for one step of a call. `CallLimits` in `calls.py` limits the call as a whole."""
LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=30)
LIMITS_OF_CHANGES = httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=2)
"""Idle connections are closed long before servers and proxies close them (after five seconds or more). A change on a
connection that is being closed would have an unknown outcome, and one more handshake costs less than that."""

MOST_HOSTS = 1000


@asynccontextmanager
async def connect(
    base_url: str,
    token: SecretStr,
    organization: str,
    *,
    observer: Observer | None = None,
    call_limits: CallLimits | None = None,
    follow: Callable[[httpx.AsyncClient], None] = lambda client: None,
) -> AsyncIterator[TursoClient]:
    """Yield a client for one organization. Closes its connections on exit.

    Reads use aiohttp, whose pool takes a third of the CPU time of httpx's. Changes use httpx's own transport, because
    aiohttp repeats a DELETE by itself when a reused connection breaks, and hides whether the first one was sent.

    Args:
        base_url: `https://api.turso.tech` or another address. A trailing `/v1/` is removed.
        observer: called with the route, status and duration of every HTTP attempt, except for requests to a database.
        follow: called with each HTTP client, to observe it.
    """
    base_url = base_url.rstrip("/").removesuffix("/v1")
    headers = {"Authorization": f"Bearer {token.get_secret_value()}", "User-Agent": "turso-ops"}
    tls = tls_context()
    reading = Routed(lambda proxy: AiohttpTransport(verify=tls, trust_env=False, limits=LIMITS, proxy=proxy))
    writing = Routed(
        lambda proxy: httpx.AsyncHTTPTransport(verify=tls, trust_env=False, limits=LIMITS_OF_CHANGES, proxy=proxy)
    )
    async with (
        httpx.AsyncClient(
            base_url=base_url, headers=headers, timeout=TIMEOUT, transport=reading, trust_env=False
        ) as reader,
        httpx.AsyncClient(
            base_url=base_url, headers=headers, timeout=TIMEOUT, transport=writing, trust_env=False
        ) as writer,
    ):
        follow(reader)
        follow(writer)
        yield TursoClient(reader, writer, organization, observer=observer, call_limits=call_limits)


class Routed(httpx.AsyncBaseTransport):
    """Sends each request directly or through a proxy, as `proxy_of` decides for its address.

    httpx and aiohttp also choose proxies from the environment, each in its own way, so this is turned off.
    """

    def __init__(self, new: Callable[[httpx.Proxy | None], httpx.AsyncBaseTransport]) -> None:
        self._new = new
        self._by_proxy: dict[str | None, httpx.AsyncBaseTransport] = {}
        self._by_host: dict[tuple[str, str, int | None], httpx.AsyncBaseTransport] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request."""
        url = request.url
        key = url.scheme, url.host, url.port
        transport = self._by_host.get(key)
        if transport is None:
            if len(self._by_host) >= MOST_HOSTS:
                self._by_host.clear()
            transport = self._by_host[key] = self._through(proxy_of(str(url)))
        return await transport.handle_async_request(request)

    def _through(self, proxy: str | None) -> httpx.AsyncBaseTransport:
        if proxy not in self._by_proxy:
            self._by_proxy[proxy] = self._new(httpx.Proxy(proxy) if proxy else None)
        return self._by_proxy[proxy]

    async def aclose(self) -> None:
        """Close every connection."""
        for transport in self._by_proxy.values():
            await transport.aclose()


def limit_loggers() -> None:
    """Limit the HTTP libraries' loggers to warnings. At DEBUG they log response headers, at INFO URLs."""
    for name in ("httpx", "httpcore", "hpack", "aiohttp", "stamina"):
        logging.getLogger(name).setLevel(logging.WARNING)
