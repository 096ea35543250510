"""How a call is made: the reading ones with retries, the changing ones once and never again."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Protocol, TypeVar
from urllib.parse import quote

import aiohttp
import httpx
import stamina

from bot.turso import refusals
from bot.turso.errors import Answered, DatabaseNotFound, GroupNotFound, TursoRateLimited, TursoUnavailable

S = TypeVar("S")
T = TypeVar("T")

NETWORK = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, aiohttp.ClientError, OSError, TimeoutError)


KEPT_URLS = 500
_MADE: ContextVar[list[str] | None] = ContextVar("changes_made", default=None)


@contextlib.contextmanager
def noting_changes() -> Iterator[list[str]]:
    """Note each change that Turso makes inside: an error after the first one does not mean that nothing was changed."""
    made: list[str] = []
    token = _MADE.set(made)
    try:
        yield made
    finally:
        _MADE.reset(token)


class Observer(Protocol):
    """Is told of every call that was tried; `status` is 0 when no answer came."""

    def __call__(self, method: str, route: str, status: int, seconds: float) -> None: ...


@dataclass(frozen=True)
class Patience:
    """How long a reading call is tried: `attempts` in all, within `whole` seconds of waiting and trying."""

    attempts: int = 3
    first_wait: float = 0.2
    longest_wait: float = 3.0
    jitter: float = 0.3
    longest_retry_after: float = 15.0
    whole: float = 30.0
    one_read: float = 15.0
    one_change: float = 30.0


class Calls:
    """The two HTTP clients and what is common to all calls. Templates name `organization`, `database`, `group`."""

    def __init__(
        self,
        reader: httpx.AsyncClient,
        writer: httpx.AsyncClient,
        organization: str,
        *,
        observer: Observer | None = None,
        patience: Patience | None = None,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self.organization = organization
        self._observe = observer or (lambda *_: None)
        self._patience = patience or Patience()
        self._urls: dict[tuple[str, tuple[tuple[str, str], ...]], httpx.URL] = {}
        self._timeouts = {"timeout": reader.timeout.as_dict()}

    def __repr__(self) -> str:
        return f"{type(self).__name__}(organization={self.organization!r})"

    async def _get(self, route: str, *, params: Mapping[str, str] | None = None, **subject: str) -> bytes:
        """Return the body of a GET. 408, 429, 5xx and broken connections are tried again, other 4xx are not."""
        path = self._path(route, subject)
        patience = self._patience
        async for attempt in stamina.retry_context(
            on=self._wait_and_try_again,
            attempts=patience.attempts,
            timeout=patience.whole,
            wait_initial=patience.first_wait,
            wait_max=patience.longest_wait,
            wait_jitter=patience.jitter,
        ):
            with attempt:
                response = await self._send(self._reader, "GET", route, path, params)
                if not response.is_success:
                    raise refusals.refusal(self._answered(response), subject, writes=False)
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
        """Send a change once and return the body of its answer; whatever happens, it is not sent again."""
        path = self._path(route, subject)
        response = await self._send(self._writer, method, route, path, params, body)
        if not response.is_success:
            raise refusals.refusal(self._answered(response), subject, writes=True, creates=creates)
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
            async with asyncio.timeout(self._patience.one_change if writes else self._patience.one_read):
                request = (
                    client.build_request(method, path, params=params, json=body)
                    if writes
                    else self._reading(path, params)
                )
                response = await client.send(request)
            status = response.status_code
        except NETWORK as error:
            failure = refusals.no_answer(error, writes=writes)
        finally:
            self._observe(method, route, status, time.perf_counter() - began)
        if failure is not None:  # raised out here: an httpx error, even as a context, carries the API token
            raise failure
        return response

    def _reading(self, path: str, params: Mapping[str, str] | None) -> httpx.Request:
        """Build a GET. Reading calls are few and come often, so their URLs are kept: httpx takes long to join them."""
        key = (path, tuple(params.items()) if params else ())
        url = self._urls.get(key)
        if url is None:
            if len(self._urls) >= KEPT_URLS:
                self._urls.clear()
            url = self._urls[key] = self._reader.build_request("GET", path, params=params).url
        return httpx.Request("GET", url, headers=self._reader.headers, extensions=self._timeouts)

    def _path(self, route: str, subject: Mapping[str, str]) -> str:
        for kind, name in subject.items():
            if not name.strip("."):  # would be another path: `databases/..`
                raise GroupNotFound(name) if kind == "group" else DatabaseNotFound(name)
        values = {"organization": self.organization, **subject}
        return route.format_map({kind: quote(value, safe="") for kind, value in values.items()})

    def _answered(self, response: httpx.Response) -> Answered:
        return refusals.answered(response, self._reader.headers.get("authorization", "").removeprefix("Bearer "))

    def _wait_and_try_again(self, error: Exception) -> bool | float:
        if not isinstance(error, TursoRateLimited | TursoUnavailable):
            return False
        if error.retry_after is None:
            return True
        return error.retry_after if error.retry_after <= self._patience.longest_retry_after else False


def readable(read: Callable[[S], T], body: S, *, writes: bool = False) -> T:
    """Return what `read` makes of a body, or raise the error for an answer that cannot be read."""
    with contextlib.suppress(ValueError, TypeError, AttributeError, LookupError, ArithmeticError, RecursionError):
        return read(body)
    raise refusals.unreadable(200, writes=writes)  # alone: pydantic's error repeats the body, which may hold a token
