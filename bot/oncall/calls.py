"""HTTP calls to a service with on-call schedules. All of them only read, and none is retried."""

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol, Self

import aiohttp
import httpx

from bot.core.oncall import Provider
from bot.errors import BotError
from bot.settings.certificates import tls_context
from bot.settings.proxies import proxy_of

SECONDS: Final = 2.0
"""The time limit for one lookup at a service, including all of its pages."""
LONGEST_ANSWER: Final = 2_000_000
"""The maximum size of a page in bytes. A longer one counts as an error."""
MOST_PAGES: Final = 20
Params = Sequence[tuple[str, str]]


class OnCallUnavailable(BotError):
    """Raised if a service doesn't return who is on call. The message tells operators why, without a secret."""


class Observer(Protocol):
    """Callback for every call. `status` is 0 when no response came."""

    def __call__(self, provider: str, status: int, seconds: float) -> None: ...


class Calls:
    """The HTTP client of one service."""

    def __init__(
        self, provider: Provider, base_url: str, headers: Mapping[str, str], *, observer: Observer | None = None
    ) -> None:
        self.provider = provider
        self._observe = observer or (lambda *_: None)
        self._http = httpx.AsyncClient(
            base_url=base_url.rstrip("/"),
            headers={"User-Agent": "turso-ops", "Accept": "application/json", **headers},
            timeout=httpx.Timeout(2 * SECONDS),  # the limit for all pages together is shorter
            follow_redirects=False,
            verify=tls_context(),
            proxy=proxy_of(base_url),
            trust_env=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def get(self, path: str, params: Params = ()) -> Any:
        """Return the JSON of a page. Raises OnCallUnavailable."""
        began, status, why = time.perf_counter(), 0, ""
        body = bytearray()
        try:
            async with self._http.stream("GET", path, params=httpx.QueryParams(list(params))) as answer:
                status = answer.status_code
                async for chunk in answer.aiter_bytes():
                    body += chunk
                    if len(body) > LONGEST_ANSWER:
                        why = "its response is too long"
                        break
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, aiohttp.ClientError, OSError) as error:
            why = f"it can't be reached ({type(error).__name__})"
        finally:
            self._observe(self.provider, status, time.perf_counter() - began)
        # raised outside of `except`, because an httpx error carries the API token, even as `__context__`
        if why or status != httpx.codes.OK:
            raise OnCallUnavailable(f"{self.provider.label}: {why or _meaning(status)}.")
        return self._json(bytes(body))

    def _json(self, body: bytes) -> Any:
        content: Any = None
        try:
            content = json.loads(body)
        except (ValueError, RecursionError):
            content = None
        if not isinstance(content, dict):
            raise OnCallUnavailable(f"{self.provider.label}: its response isn't a JSON object.")
        return content


def _meaning(status: int) -> str:
    if status in (401, 403):
        return f"it refuses the API token (status {status})"
    if status == 404:
        return "it has no such schedule (status 404)"
    return "it is rate-limiting requests (status 429)" if status == 429 else f"it responded with status {status}"


def identifier(value: Any) -> str:
    """Return the `id` of an object in a response. Raises ValueError if it has none."""
    found = value.get("id") if isinstance(value, dict) else None
    if not isinstance(found, str) or not found:
        raise ValueError("an object has no id")
    return found
