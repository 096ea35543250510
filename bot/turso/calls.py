"""HTTP calls to Turso. Reads are retried. Changes are sent at most once."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Protocol, TypeVar
from urllib.parse import quote

import aiohttp
import httpx
import stamina

from bot.turso import refusals
from bot.turso.errors import DatabaseNotFound, ErrorAnswer, GroupNotFound, TursoRateLimited, TursoUnavailable

S = TypeVar("S")
T = TypeVar("T")

NETWORK = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, aiohttp.ClientError, OSError, TimeoutError)


MAX_CACHED_URLS = 500
ROUTE: Final = "turso_ops.route"
"""The request extension with its route template, for observers of the client."""
_MADE: ContextVar[list[str] | None] = ContextVar("changes_made", default=None)


@contextlib.contextmanager
def noting_changes() -> Iterator[list[str]]:
    """Collect the changes that Turso confirms inside the context.

    If there are any, an error of a later call doesn't mean that nothing was changed.
    """
    made: list[str] = []
    token = _MADE.set(made)
    try:
        yield made
    finally:
        _MADE.reset(token)


class Observer(Protocol):
    """Callback for every HTTP attempt, except for requests to a database. `status` is 0 when no response came."""

    def __call__(self, method: str, route: str, status: int, seconds: float) -> None: ...


@dataclass(frozen=True)
class CallLimits:
    """How long a call may take, and how many times a read is tried. All times are in seconds.

    `one_read` and `one_change` limit one try as a whole. `TIMEOUT` in `http.py` limits each step of it, such as
    connecting. For a read, `attempts` counts the first try, too. After `whole`, a failed try isn't followed by another.
    """

    attempts: int = 3
    first_wait: float = 0.2
    longest_wait: float = 3.0
    jitter: float = 0.3
    longest_retry_after: float = 15.0
    whole: float = 30.0
    one_read: float = 15.0
    one_change: float = 30.0


class Calls:
    """The two HTTP clients, and what all calls share.

    Route templates contain `{organization}`, `{database}` and `{group}`.
    """

    def __init__(
        self,
        reader: httpx.AsyncClient,
        writer: httpx.AsyncClient,
        organization: str,
        *,
        observer: Observer | None = None,
        call_limits: CallLimits | None = None,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self.organization = organization
        self._observe = observer or (lambda *_: None)
        self._call_limits = call_limits or CallLimits()
        self._urls: dict[tuple[str, tuple[tuple[str, str], ...]], httpx.URL] = {}
        self._timeouts = {"timeout": reader.timeout.as_dict()}

    def __repr__(self) -> str:
        return f"{type(self).__name__}(organization={self.organization!r})"

    async def _get(self, route: str, *, params: Mapping[str, str] | None = None, **subject: str) -> bytes:
        """Return the body of a GET. Retries after 408, 429 and any status outside 2xx and 4xx, and without a response.

        Doesn't retry if Turso asks for a longer wait than `longest_retry_after`.
        """
        path = self._path(route, subject)
        call_limits = self._call_limits
        async for attempt in stamina.retry_context(
            on=self._retry_after,
            attempts=call_limits.attempts,
            timeout=call_limits.whole,
            wait_initial=call_limits.first_wait,
            wait_max=call_limits.longest_wait,
            wait_jitter=call_limits.jitter,
        ):
            with attempt:
                response = await self._send(self._reader, "GET", route, path, params)
                if not response.is_success:
                    raise refusals.refusal(self._read_answer(response), subject, writes=False)
        return response.content

    async def _change(
        self,
        method: str,
        route: str,
        subject: Mapping[str, str],
        *,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
        creates: bool = False,
    ) -> bytes:
        """Send a change once and return the response body. It is never sent again, whatever happens."""
        path = self._path(route, subject)
        response = await self._send(self._writer, method, route, path, params, body)
        if not response.is_success:
            raise refusals.refusal(self._read_answer(response), subject, writes=True, creates=creates)
        if (made := _MADE.get()) is not None:
            made.append(f"{method} {route}")
        return response.content

    async def _send(
        self,
        client: httpx.AsyncClient,
        method: str,
        route: str,
        path: str,
        params: Mapping[str, str] | None,
        body: Mapping[str, object] | None = None,
    ) -> httpx.Response:
        writes = method != "GET"
        began, status, failure = time.perf_counter(), 0, None
        try:
            async with asyncio.timeout(self._call_limits.one_change if writes else self._call_limits.one_read):
                request = (
                    client.build_request(method, path, params=params, json=body, extensions={ROUTE: route})
                    if writes
                    else self._build_get(route, path, params)
                )
                response = await client.send(request)
            status = response.status_code
        except NETWORK as error:
            failure = refusals.no_answer(error, writes=writes)
        finally:
            self._observe(method, route, status, time.perf_counter() - began)
        # raised outside of `except`, because an httpx error carries the API token, even as `__context__`
        if failure is not None:
            raise failure
        return response

    def _build_get(self, route: str, path: str, params: Mapping[str, str] | None) -> httpx.Request:
        """Build a GET request.

        Caches its URL, because httpx takes long to build one, and the same URLs are used often.
        """
        key = (path, tuple(params.items()) if params else ())
        url = self._urls.get(key)
        if url is None:
            if len(self._urls) >= MAX_CACHED_URLS:
                self._urls.clear()
            url = self._urls[key] = self._reader.build_request("GET", path, params=params).url
        return httpx.Request("GET", url, headers=self._reader.headers, extensions={**self._timeouts, ROUTE: route})

    def _path(self, route: str, subject: Mapping[str, str]) -> str:
        for kind, name in subject.items():
            if not name.strip("."):  # such a name would change the path, as in `databases/..`
                raise GroupNotFound(name) if kind == "group" else DatabaseNotFound(name)
        values = {"organization": self.organization, **subject}
        return route.format_map({kind: quote(value, safe="") for kind, value in values.items()})

    def _read_answer(self, response: httpx.Response) -> ErrorAnswer:
        return refusals.read_answer(response, self._reader.headers.get("authorization", "").removeprefix("Bearer "))

    def _retry_after(self, error: Exception) -> bool | float:
        if not isinstance(error, TursoRateLimited | TursoUnavailable) or error.status == httpx.codes.NOT_FOUND:
            return False
        if error.retry_after is None:
            return True
        return error.retry_after if error.retry_after <= self._call_limits.longest_retry_after else False


def rfc3339(time: datetime) -> str:
    """Return a time in Turso's format, to the millisecond. Raises ValueError for a time without a zone."""
    if time.tzinfo is None:
        raise ValueError("a time for Turso needs a zone")
    given = time.astimezone(UTC)
    return given.isoformat(timespec="milliseconds" if given.microsecond >= 1000 else "seconds")[:-6] + "Z"


def read_body(read: Callable[[S], T], body: S, *, writes: bool = False) -> T:
    """Return `read(body)`. Raises TursoUnavailable or OutcomeUnknown when the body can't be read."""
    with contextlib.suppress(ValueError, TypeError, AttributeError, LookupError, ArithmeticError, RecursionError):
        return read(body)
    # without the cause, because pydantic's error repeats the body, which may contain a token
    raise refusals.unreadable(200, writes=writes)
