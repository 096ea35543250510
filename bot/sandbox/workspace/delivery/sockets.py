"""Delivery over Socket Mode: tickets, connections, envelopes and acknowledgements."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import uuid4

from bot.sandbox.workspace.delivery.parcel import Parcel
from bot.sandbox.workspace.errors import SlackError
from bot.sandbox.workspace.ids import new_id, new_secret
from bot.sandbox.workspace.model import Json
from bot.sandbox.workspace.records import Delivery
from bot.sandbox.workspace.state import State

DisconnectReason = Literal["warning", "refresh_requested", "link_disabled"]


@dataclass(eq=False)
class Connection:
    """One WebSocket of the app."""

    send: Callable[[str], Awaitable[None]]
    close: Callable[[], Awaitable[None]]
    id: str = field(default_factory=lambda: new_id("Ws"))
    opened_at: float = field(default_factory=time.monotonic)


class Sockets:
    """All connections of the app. An acknowledgement belongs to an envelope, whichever connection it arrives on."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._tickets: dict[str, datetime] = {}
        self._connections: list[Connection] = []
        self._waiting: dict[str, asyncio.Future[Json]] = {}
        self._turn = 0

    @property
    def connections(self) -> tuple[Connection, ...]:
        return tuple(self._connections)

    # -- opening

    def ticket(self) -> str:
        """Return a new ticket for `apps.connections.open`. It is valid for one connection and for a short time."""
        ticket = new_secret()
        self._tickets[ticket] = self._state.time.now()
        return ticket

    def redeem(self, ticket: str) -> None:
        """Use a ticket.

        Raises:
            SlackError: `invalid_ticket` (unknown, used or expired) or `too_many_websockets`.
        """
        issued = self._tickets.pop(ticket, None)
        if issued is None or self._state.time.now() - issued > self._state.limits.ticket_lifetime:
            raise SlackError("invalid_ticket", status=403)
        if len(self._connections) >= self._state.limits.socket_connections:
            raise SlackError("too_many_websockets", status=403)

    async def join(self, connection: Connection, lifetime: float) -> None:
        """Add a connection, which then gets its share of the envelopes, and send `hello` over it."""
        self._connections.append(connection)
        await connection.send(json.dumps(self._hello(lifetime)))

    def leave(self, connection: Connection) -> None:
        if connection in self._connections:
            self._connections.remove(connection)

    async def disconnect(self, reason: DisconnectReason, connection: Connection | None = None) -> None:
        """Send `disconnect` to one connection or to all, and close them unless `reason` is `warning`.

        Slack does this to refresh connections, or when Socket Mode is switched off.
        """
        for each in [connection] if connection else list(self._connections):
            body = {"type": "disconnect", "reason": reason, "debug_info": {"host": "applink-local"}}
            await each.send(json.dumps(body))
            if reason != "warning":
                self.leave(each)
                await each.close()

    async def drop(self) -> None:
        """Close every connection without a `disconnect` message, as a failing network does."""
        for each in list(self._connections):
            self.leave(each)
            await each.close()

    # -- envelopes

    async def send(self, parcel: Parcel, *, sent_at: datetime, attempt: int, reason: str) -> Delivery:
        """Send an envelope over the next connection in turn, and wait for its acknowledgement."""
        envelope = self._envelope(parcel, attempt, reason)
        delivery = Delivery(
            id=new_id("Dv"), kind=parcel.kind, over="socket", payload=parcel.payload, person_id=parcel.person_id,
            sent_at=sent_at, body=json.dumps(envelope),
        )  # fmt: skip
        started = time.perf_counter()
        await self._exchange(envelope, delivery)
        delivery.milliseconds = (time.perf_counter() - started) * 1000
        return delivery

    async def _exchange(self, envelope: Json, delivery: Delivery) -> None:
        waiting = self._waiting[envelope["envelope_id"]] = asyncio.get_running_loop().create_future()
        try:
            connection = self._next_connection()
            if connection is None:
                delivery.failure = "no_connection"
                return
            delivery.url = connection.id
            await connection.send(delivery.body)
            payload = await asyncio.wait_for(waiting, self._state.limits.ack.total_seconds())
            delivery.answer = json.dumps(payload) if payload else ""
            delivery.status = 200
        except TimeoutError:
            delivery.failure = "http_timeout"
        except Exception:  # the socket library raises various errors for a lost connection
            delivery.failure = "connection_failed"
        finally:
            self._waiting.pop(envelope["envelope_id"], None)

    def acknowledge(self, text: str) -> None:
        """Read a message from the app. An acknowledgement completes its delivery. Anything else is ignored."""
        try:
            answer = json.loads(text)
        except ValueError:
            return
        if not isinstance(answer, dict):
            return
        waiting = self._waiting.get(str(answer.get("envelope_id")))
        if waiting is not None and not waiting.done():
            payload = answer.get("payload")
            waiting.set_result(payload if isinstance(payload, dict) else {"text": payload} if payload else {})

    def _next_connection(self) -> Connection | None:
        if not self._connections:
            return None
        self._turn = (self._turn + 1) % len(self._connections)
        return self._connections[self._turn]

    def _envelope(self, parcel: Parcel, attempt: int, reason: str) -> Json:
        envelope: Json = {
            "envelope_id": str(uuid4()),
            "type": parcel.form,
            "payload": parcel.payload,
            "accepts_response_payload": parcel.accepts_response_payload,
        }
        if parcel.form == "events_api":
            envelope |= {"retry_attempt": attempt, "retry_reason": reason}
        return envelope

    def _hello(self, lifetime: float) -> Json:
        return {
            "type": "hello",
            "num_connections": len(self._connections),
            "connection_info": {"app_id": self._state.app.app_id},
            "debug_info": {
                "host": "applink-local",
                "started": self._state.time.now().isoformat(),
                "build_number": 1,
                "approximate_connection_time": int(lifetime),
            },
        }
