"""Delivery over HTTP: one signed POST, and its result."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from datetime import datetime

import httpx
from httpx_aiohttp import AiohttpTransport

from bot.sandbox.workspace.delivery.parcel import Parcel
from bot.sandbox.workspace.delivery.signing import signature
from bot.sandbox.workspace.ids import new_id
from bot.sandbox.workspace.limits import Limits
from bot.sandbox.workspace.records import Delivery
from bot.sandbox.workspace.timeline import wall_clock

_AGENT = "Slackbot 1.0 (+https://api.slack.com/robots)"


class Post:
    """Posts parcels to the app's request URL.

    Requests are signed with the machine's time, even if the workspace's time was moved, because the app compares the
    timestamp with its own clock.
    """

    def __init__(self, signing_secret: str, limits: Limits, *, transport: httpx.AsyncBaseTransport | None = None,
                 signing_clock: Callable[[], datetime] = wall_clock) -> None:  # fmt: skip
        self.signing_secret = signing_secret
        self._limits = limits
        self._transport = transport
        self.signing_clock = signing_clock
        self._client: httpx.AsyncClient | None = None

    async def send(self, url: str, parcel: Parcel, *, sent_at: datetime, extra: Mapping[str, str]) -> Delivery:
        """Make one attempt, and wait for the response as long as Slack would. If it fails, `failure` says why."""
        body, content_type = parcel.encoded()
        headers = self.headers(body, content_type) | dict(extra)
        delivery = Delivery(
            id=new_id("Dv"), kind=parcel.kind, over="http", payload=parcel.payload, person_id=parcel.person_id,
            sent_at=sent_at, url=url, headers=headers, body=body.decode(), signature=headers["X-Slack-Signature"],
        )  # fmt: skip
        started = time.perf_counter()
        try:
            async with asyncio.timeout(self._limits.ack.total_seconds()):
                answer = await self._http().post(url, content=body, headers=headers)
            self._note(delivery, answer)
        except TimeoutError:
            delivery.failure = "http_timeout"
        except httpx.TooManyRedirects:
            delivery.failure = "too_many_redirects"
        except httpx.HTTPError:
            delivery.failure = "connection_failed"
        delivery.milliseconds = (time.perf_counter() - started) * 1000
        return delivery

    def headers(self, body: bytes, content_type: str) -> dict[str, str]:
        """Return the headers that Slack sends with this body."""
        timestamp = str(int(self.signing_clock().timestamp()))
        return {
            "Content-Type": content_type,
            "User-Agent": _AGENT,
            "Accept": "*/*",
            "X-Slack-Request-Timestamp": timestamp,
            "X-Slack-Signature": signature(self.signing_secret, timestamp, body),
        }

    async def close(self) -> None:
        if self._client is not None:
            await self._client.aclose()

    def _http(self) -> httpx.AsyncClient:
        if self._client is None:
            self._client = httpx.AsyncClient(
                transport=self._transport or AiohttpTransport(),
                follow_redirects=True,
                max_redirects=self._limits.event_redirects,
                timeout=httpx.Timeout(None),  # `send` has its own deadline
                trust_env=False,
            )
        return self._client

    @staticmethod
    def _note(delivery: Delivery, answer: httpx.Response) -> None:
        delivery.status = answer.status_code
        delivery.answer = answer.text
        delivery.answer_headers = dict(answer.headers)
        if not answer.is_success:
            delivery.failure = "http_error"
