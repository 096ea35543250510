"""Retries of calls to Slack: which calls are retried, and after what time."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Final

import aiohttp
from slack_sdk.http_retry.async_handler import AsyncRetryHandler
from slack_sdk.http_retry.builtin_async_handlers import (
    AsyncConnectionErrorRetryHandler,
    AsyncRateLimitErrorRetryHandler,
    AsyncServerErrorRetryHandler,
)
from slack_sdk.http_retry.request import HttpRequest
from slack_sdk.http_retry.response import HttpResponse
from slack_sdk.http_retry.state import RetryState

Observer = Callable[[str, str, float], None]
"""Called with the method (or `response_url`), the status and the seconds.

The status is `ok`, Slack's error code or the kind of failure. The seconds are the duration of the call. For
`ratelimited`, they are the wait before the next attempt, and 0 if there is none.
"""

LONGEST_WAIT_SECONDS: Final = 60
RETRIES_WHEN_LIMITED: Final = 3
_AT_MOST_ONCE: ContextVar[bool] = ContextVar("at_most_once", default=False)


@contextlib.contextmanager
def at_most_once() -> Iterator[None]:
    """Repeat no Web API call inside the `with` block that Slack may have carried out.

    Calls are still repeated if no connection could be opened, or after a rate limit.
    """
    token = _AT_MOST_ONCE.set(True)
    try:
        yield
    finally:
        _AT_MOST_ONCE.reset(token)


class _AtMostOnce(AsyncRetryHandler):
    """Repeats no call inside `at_most_once`, unless no connection could be opened, so that Slack didn't get it."""

    async def can_retry_async(
        self,
        *,
        state: RetryState,
        request: HttpRequest,
        response: HttpResponse | None = None,
        error: Exception | None = None,
    ) -> bool:
        if _AT_MOST_ONCE.get() and not isinstance(error, aiohttp.ClientConnectorError):
            return False
        return await super().can_retry_async(state=state, request=request, response=response, error=error)


class BrokenConnection(_AtMostOnce, AsyncConnectionErrorRetryHandler):
    """Repeats a call after a broken connection, unless it was already repeated."""


class ServerError(_AtMostOnce, AsyncServerErrorRetryHandler):
    """Repeats a call after a 500 or 503, unless it was already repeated."""


class BoundedRateLimit(AsyncRateLimitErrorRetryHandler):
    """Repeats a call after a rate limit and the time that Slack requires, unless it was already repeated three times.

    Doesn't repeat it if that time is so long that the result wouldn't be useful.
    """

    def __init__(self, observer: Observer) -> None:
        super().__init__(max_retry_count=RETRIES_WHEN_LIMITED)
        self._observe = observer

    async def _can_retry_async(
        self,
        *,
        state: RetryState,
        request: HttpRequest,
        response: HttpResponse | None = None,
        error: Exception | None = None,
    ) -> bool:
        return response is not None and response.status_code == 429 and _wait_of(response) <= LONGEST_WAIT_SECONDS

    async def prepare_for_next_attempt_async(
        self,
        *,
        state: RetryState,
        request: HttpRequest,
        response: HttpResponse | None = None,
        error: Exception | None = None,
    ) -> None:
        assert response is not None
        state.next_attempt_requested = True
        self._observe(request.url.rpartition("/")[2], "ratelimited", _wait_of(response))
        await asyncio.sleep(_wait_of(response))
        state.increment_current_attempt()


def retry_handlers(observer: Observer) -> list[AsyncRetryHandler]:
    """Return the retry handlers of a client. They count a call's retries together, so there are at most three."""
    return [BrokenConnection(1), BoundedRateLimit(observer), ServerError(1)]


def _wait_of(response: HttpResponse) -> float:
    named = {name.lower(): value for name, value in response.headers.items()}
    value = named.get("retry-after")
    return seconds_of(value[0] if isinstance(value, list) and value else value if isinstance(value, str) else None)


def seconds_of(retry_after: str | None) -> float:
    """Return the seconds in a `Retry-After` header, or 1 if it is missing or invalid."""
    try:
        return max(0.0, float(retry_after)) if retry_after else 1.0
    except ValueError:
        return 1.0
