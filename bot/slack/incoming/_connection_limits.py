"""Limit the size of an HTTP request's head, the duration of requests and responses, and the number of connections.

With httptools, uvicorn has no such limits by default. The protocol class here, which is passed as `Config.http`,
overrides methods of `asyncio.Protocol` and uvicorn's callbacks.
"""

import asyncio
import resource
from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from bot.slack.incoming._flood_log import FloodLog

HEAD_LIMIT: Final = 64 * 1024
"""How many bytes of a request's line and headers may arrive without their end. Slack sends less than two thousand."""
REQUEST_SECONDS: Final = 15.0
"""The time limit from the connection, or the first byte of a later request, to the last byte of its body."""
ANSWER_SECONDS: Final = 30.0
"""The time limit from a complete request until its whole response is written, such as to a client that reads slowly."""
AT_MOST: Final = 1000
"""The maximum number of connections. It is lower if the process may open fewer than twice as many files.

If there is one more, the connection that has been idle longest is closed. If none is idle, the connection whose request
has been incomplete for longest is closed, and if there is none of these either, the new one.
"""
TOO_LARGE: Final = b"431 Request Header Fields Too Large"
TOO_SLOW: Final = b"408 Request Timeout"

_refused = FloodLog("closed a connection")


def limited_protocol() -> type[asyncio.Protocol]:
    """Return a protocol class for one server. Its instances, the connections, are counted together."""
    return type("LimitedProtocol", (_Limited,), {"idle": {}, "waiting": {}, "at_most": _allowed_connections()})


def _allowed_connections() -> int:
    """Raise the process's limit on open files if it is low, and return how many connections to allow."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 4 * AT_MOST
    if soft < wanted and (hard == resource.RLIM_INFINITY or hard > soft):
        soft = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return max(16, min(AT_MOST, soft // 2))


class _Limited(HttpToolsProtocol):
    """One connection, with its limits."""

    idle: "dict[_Limited, None]"
    """Idle connections, in the order in which they became idle."""
    waiting: "dict[_Limited, None]"
    """Connections whose request isn't complete, in the order in which they began to wait."""
    at_most: int
    _head_bytes = 0
    _in_head = True
    _moved_on = False
    """True if the bytes that are being read contained the end of a head or a body."""
    _deadline: asyncio.TimerHandle | None = None
    _answer_by: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > self.at_most:
            oldest = next(iter(self.idle or self.waiting), self)
            oldest._end(b"", "too many connections")
            if oldest is self:
                return
        self._begin()

    def data_received(self, data: bytes) -> None:
        self.idle.pop(self, None)
        if self._deadline is None and self._in_head:
            self._begin()
        self._moved_on = False
        super().data_received(data)
        if self._in_head and not self._moved_on:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_LIMIT:
                self._end(TOO_LARGE, "its headers are too large")

    def on_headers_complete(self) -> None:
        self._in_head, self._moved_on, self._head_bytes = False, True, 0
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._in_head, self._moved_on = True, True
        self._relax()
        super().on_message_complete()
        if self.cycle.response_complete:  # the response was sent before the body had arrived
            self.idle[self] = None
        elif self._answer_by is None:
            self._answer()

    def on_response_complete(self) -> None:
        self._answered()
        has_more = bool(self.pipeline)
        super().on_response_complete()
        if has_more:
            self._answer()
        elif self._deadline is None:
            self.idle[self] = None

    def connection_lost(self, exc: Exception | None) -> None:
        self._relax()
        self._answered()
        super().connection_lost(exc)

    def _answer(self) -> None:
        self._answer_by = self.loop.call_later(ANSWER_SECONDS, self._end, b"", "its response took too long")

    def _answered(self) -> None:
        if self._answer_by is not None:
            self._answer_by.cancel()
            self._answer_by = None

    def _begin(self) -> None:
        self._deadline = self.loop.call_later(REQUEST_SECONDS, self._end, TOO_SLOW, "its request took too long")
        self.waiting[self] = None

    def _relax(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        self.waiting.pop(self, None)
        self.idle.pop(self, None)

    def _end(self, status: bytes, why: str) -> None:
        """Close the connection at once, or after a response if `status` isn't empty."""
        self._relax()
        if self.transport.is_closing():
            return
        _refused.note(why=why)
        if status:
            self.transport.write(b"HTTP/1.1 " + status + b"\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
            self.transport.close()
        else:
            self.transport.abort()
