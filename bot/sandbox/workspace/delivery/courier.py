"""Delivers parcels: chooses HTTP or Socket Mode, applies the active faults, and records every attempt."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace

from bot.sandbox.workspace.delivery.parcel import Parcel
from bot.sandbox.workspace.delivery.post import Post
from bot.sandbox.workspace.delivery.sockets import Sockets
from bot.sandbox.workspace.ids import new_id
from bot.sandbox.workspace.records import Delivery
from bot.sandbox.workspace.state import State


class Courier:
    """Delivers every parcel over HTTP if `events_url` is set, and over Socket Mode otherwise."""

    def __init__(self, state: State, post: Post, sockets: Sockets) -> None:
        self._state, self._post, self._sockets = state, post, sockets
        self.events_url: str | None = None

    async def deliver(self, parcel: Parcel, *, attempt: int = 0, reason: str = "") -> Delivery:
        """Make one attempt, and return it with the app's response.

        With the fault `duplicate`, a second attempt runs in the background. With `undelivered`, nothing is sent, and a
        failed attempt is returned.
        """
        faults = self._state.faults
        if late := faults.take("slow_delivery", parcel.kind):
            await asyncio.sleep(late.seconds)
        if faults.take("undelivered", parcel.kind):
            return self._record(self._never_sent(parcel), attempt)
        if faults.take("duplicate", parcel.kind):
            self._state.spawn(self._attempt(parcel, attempt, reason))
        return await self._attempt(parcel, attempt, reason)

    async def _attempt(self, parcel: Parcel, attempt: int, reason: str) -> Delivery:
        sent_at = self._state.time.now()
        if self.events_url is None:
            delivery = await self._sockets.send(parcel, sent_at=sent_at, attempt=attempt, reason=reason)
        else:
            extra = _retry_headers(attempt, reason)
            delivery = await self._post.send(self.events_url, parcel, sent_at=sent_at, extra=extra)
        if delivery.ok and self._state.faults.take("lost_ack", parcel.kind):
            delivery = replace(delivery, failure="http_timeout", answer="", answer_headers={})
        return self._record(delivery, attempt)

    def _record(self, delivery: Delivery, attempt: int) -> Delivery:
        delivery.attempt = attempt
        self._state.record_delivery(delivery)
        return delivery

    def _never_sent(self, parcel: Parcel) -> Delivery:
        return Delivery(
            id=new_id("Dv"), kind=parcel.kind, over="http" if self.events_url else "socket", payload=parcel.payload,
            person_id=parcel.person_id, sent_at=self._state.time.now(), failure="connection_failed",
        )  # fmt: skip


def _retry_headers(attempt: int, reason: str) -> Mapping[str, str]:
    if attempt == 0:
        return {}
    return {"X-Slack-Retry-Num": str(attempt), "X-Slack-Retry-Reason": reason}
