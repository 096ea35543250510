"""Calls Slack over one shared session: Web API methods, `response_url`s and uploads, with errors and rate limits."""

import asyncio
import json
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.settings.certificates import tls_context
from bot.settings.proxies import proxy_of
from bot.slack.outgoing._final_codes import is_final
from bot.slack.outgoing._retries import LONGEST_WAIT_SECONDS, RETRIES_WHEN_LIMITED, Observer, retry_handlers, seconds_of
from bot.slack.outgoing.answer_shapes import SHAPES, is_readable
from bot.slack.outgoing.messages import encoded
from bot.slack.sdk_logging import sdk_logger

TIMEOUT_SECONDS: Final = 10
LONGEST_CODE: Final = 80
UNTRUSTED: Final = "certificate"
"""The `code` of a call that failed because Slack's certificate isn't trusted."""
_MAY_HAVE_HAPPENED: Final = frozenset({"unreachable", "timeout", "unreadable", "internal_error", "fatal_error"})
"""Codes after which a call may have had its effect. Slack says so about its own two."""
_READS: Final = (
    "users.info",
    "usergroups.users.list",
    "users.list",
    "users.conversations",
    "conversations.info",
    "conversations.members",
    "chat.getPermalink",
)
"""Methods that read. Slack ignores JSON arguments in them, so the arguments are sent as a query."""

log = structlog.get_logger(__name__)


class SlackTrouble(Exception):
    """Raised if a call fails.

    `code` is Slack's error code or the kind of failure: `unreachable`, `timeout`, `http_NNN`, …
    """

    def __init__(self, method: str, code: str) -> None:
        self.method, self.code = method, code
        super().__init__(f"{method}: {code}")

    @property
    def is_transient(self) -> bool:
        """Return True if the same call may succeed later, because the error isn't known to be final."""
        return not is_final(self.method, self.code)

    @property
    def nothing_happened(self) -> bool:
        """Return True if Slack refused the call, or was never reached because its certificate isn't trusted.

        Without a readable response, or after an internal error of Slack, the call may have had its effect.
        """
        return not (self.code in _MAY_HAVE_HAPPENED or self.code.startswith("http_"))


def new_session(trace_configs: Sequence[aiohttp.TraceConfig] = ()) -> aiohttp.ClientSession:
    """Open the HTTP session of this process. Needs a running event loop. The caller closes the session.

    Args:
        trace_configs: aiohttp's observers of the session's calls.
    """
    connector = aiohttp.TCPConnector(limit=100, keepalive_timeout=30, ssl=tls_context())
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
    return aiohttp.ClientSession(connector=connector, timeout=timeout, trace_configs=list(trace_configs))


def web_client(session: aiohttp.ClientSession, token: str, api_url: str, observer: Observer) -> AsyncWebClient:
    """Build the Web API client for `SlackCalls`."""
    client = AsyncWebClient(
        token=token, base_url=api_url, session=session, logger=sdk_logger(), retry_handlers=retry_handlers(observer)
    )
    client.proxy = proxy_of(api_url)
    return client


class SlackCalls:
    """Calls Slack, counts the results, and raises `SlackTrouble` for every failure."""

    def __init__(self, client: AsyncWebClient, observer: Observer) -> None:
        if client.session is None:
            raise ValueError("The client needs the shared session.")
        self.client = client
        self._session: aiohttp.ClientSession = client.session
        self._observe = observer
        self.scopes: frozenset[str] = frozenset()
        """The token's scopes, according to the last successful response that listed them."""
        self.dated: tuple[str, datetime] | None = None
        """The `Date` header of the last successful response, and this machine's time when it arrived."""

    async def call(self, method: str, arguments: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Call a Web API method. Returns a response with all fields that the bot needs. Raises SlackTrouble."""
        if method not in SHAPES:
            raise ValueError(f"What is read from the answer to {method} is not declared.")
        started, status = time.perf_counter(), "ok"
        try:
            return await self._ask(
                method, {key: value for key, value in (arguments or {}).items() if value is not None}
            )
        except SlackApiError as error:
            status = _code(error)
        except TimeoutError:
            status = "timeout"
        except aiohttp.ClientSSLError:
            status = UNTRUSTED
        except (aiohttp.ClientError, OSError):
            status = "unreachable"
        except (AttributeError, TypeError, ValueError):  # the response wasn't Slack's JSON
            status = "unreadable"
        finally:
            self._count(method, status, started)
        raise SlackTrouble(method, status) from None

    async def _ask(self, method: str, arguments: dict[str, Any]) -> dict[str, Any]:
        if method in _READS:
            answer = await self.client.api_call(method, http_verb="GET", params=arguments)
        elif method.startswith(("auth.", "files.")):
            answer = await self.client.api_call(method, params=arguments)
        else:
            answer = await self.client.api_call(method, json=arguments)
        if given := answer.headers.get("x-oauth-scopes"):
            self.scopes = frozenset(scope.strip() for scope in given.split(","))
        if date := answer.headers.get("date"):
            self.dated = date, datetime.now(UTC)
        data = answer.data
        if not isinstance(data, dict) or not is_readable(method, data):
            log.warning("slack.unreadable", method=method)
            raise TypeError("not what Slack documents")
        return data

    async def respond(self, url: str, message: Mapping[str, Any]) -> None:
        """Post to a `response_url`. Raises SlackTrouble, with a code in `SPENT` if the URL is no longer accepted."""
        started, status = time.perf_counter(), "ok"
        try:
            status = await self._post("response_url", url, encoded(message), "application/json", _response_url_result)
        except TimeoutError:
            status = "timeout"
        except (aiohttp.ClientError, OSError):
            status = "unreachable"
        finally:
            self._count("response_url", status, started)
        if status != "ok":
            raise SlackTrouble("response_url", status)

    async def upload(self, url: str, content: bytes) -> None:
        """Send a file's bytes to Slack's upload URL. Raises SlackTrouble."""
        started, status = time.perf_counter(), "ok"
        try:
            status = await self._post("files.upload", url, content, "application/octet-stream", _upload_result)
        except (aiohttp.ClientError, OSError, TimeoutError):
            status = "unreachable"
        finally:
            self._count("files.upload", status, started)
        if status != "ok":
            raise SlackTrouble("files.upload", status)

    async def _post(self, name: str, url: str, body: bytes, content_type: str, read: Callable[[int, str], str]) -> str:
        """Send a POST request. Retry after a rate limit, and once if a connection broke: at most three times in all.

        Args:
            name: what the metrics call this request.
        """
        proxy, headers, broken = proxy_of(url), {"Content-Type": content_type}, False
        for number in range(RETRIES_WHEN_LIMITED + 1):
            try:
                async with self._session.post(
                    url, data=body, headers=headers, proxy=proxy, allow_redirects=False
                ) as answer:
                    text = await answer.text(errors="replace")
                    wait = seconds_of(answer.headers.get("Retry-After"))
                    status = answer.status
            except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
                if broken or number == RETRIES_WHEN_LIMITED:
                    raise
                broken = True
                continue
            if status != 429 or wait > LONGEST_WAIT_SECONDS:
                return read(status, text)
            if number < RETRIES_WHEN_LIMITED:
                self._observe(name, "ratelimited", wait)
                await asyncio.sleep(wait)
        return "ratelimited"

    def _count(self, name: str, status: str, started: float) -> None:
        """Report the result of a call. The waits of a call that is given up as `ratelimited` are already reported."""
        self._observe(name, status, 0.0 if status == "ratelimited" else time.perf_counter() - started)


def _code(error: SlackApiError) -> str:
    """Return Slack's error code, or the kind of failure if the response is a 429 or 5xx or has no valid code."""
    answer = error.response
    try:
        status = int(answer.status_code)
        if status == 429 or status >= 500:
            return _temporary_error(status)
        code = answer.get("error")
        if isinstance(code, str) and 0 < len(code) < LONGEST_CODE:
            return code
        return "unreadable" if status == 200 else f"http_{status}"
    except (AttributeError, TypeError, ValueError):
        return "unreadable"


def _temporary_error(status: int) -> str:
    return "ratelimited" if status == 429 else f"http_{status}"


def _response_url_result(status: int, text: str) -> str:
    """Read the response of a `response_url`: `ok` or an error, as text or as JSON."""
    if status == 429 or status >= 500:
        return _temporary_error(status)
    text = text.strip()
    if text.startswith("{"):
        return _result_in_json(status, text)
    if status == 200 and text in ("ok", ""):
        return "ok"
    if len(text) < LONGEST_CODE and text and text.replace("_", "").isalnum() and 200 <= status < 500:
        return text
    return "unreadable" if status == 200 else f"http_{status}"


def _upload_result(status: int, text: str) -> str:
    """Read the response to an upload. A 200 is enough, because a later call shows whether the file arrived."""
    return "ok" if status == 200 else _response_url_result(status, text)


def _result_in_json(status: int, text: str) -> str:
    try:
        answer = json.loads(text)
    except ValueError:
        return "unreadable"
    if answer.get("ok") is True and status == 200:
        return "ok"
    code = answer.get("error")
    return code[:LONGEST_CODE] if isinstance(code, str) and code else f"http_{status}"
