"""HTTP clients for servers on this machine."""

import ssl
from functools import cache
from typing import Any

import httpx


def local_client(**options: Any) -> httpx.AsyncClient:
    """Return a client for plain HTTP. Certificates are read once, because that takes longer than most calls."""
    return httpx.AsyncClient(verify=_certificates(), trust_env=False, **options)


@cache
def _certificates() -> ssl.SSLContext:
    return httpx.create_ssl_context()
