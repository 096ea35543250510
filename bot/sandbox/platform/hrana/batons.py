"""The streams that clients can continue with another request, and the batons with which they do so."""

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Iterator

from bot.sandbox.platform.hrana.errors import BadRequest, StreamExpired, TooManyStreams
from bot.sandbox.platform.hrana.limits import Limits
from bot.sandbox.platform.hrana.meter import Meter
from bot.sandbox.platform.hrana.served import Served
from bot.sandbox.platform.hrana.stream import Stream


class Streams:
    """The streams for which a baton was returned.

    A baton consists of a stream's ID, a counter and a signature of both, so it can't be guessed or used twice.
    """

    def __init__(self, limits: Limits, meter: Meter) -> None:
        self._limits, self._meter = limits, meter
        self._secret = secrets.token_bytes(32)
        self._streams: dict[int, Stream] = {}
        self._expired: dict[int, float] = {}

    def new(self, served: Served) -> Stream:
        """Return a new stream for the current request. Raises TooManyStreams."""
        if len(self._streams) >= self._limits.streams:
            raise TooManyStreams
        stream = Stream(secrets.randbits(63), served, self._meter)
        self._run(stream)
        return stream

    async def resume(self, baton: str, served: Served) -> Stream:
        """Return the stream of a baton. Raises BadRequest for an invalid or used baton, or StreamExpired.

        A cursor's baton is sent before its rows. If the cursor is still running when the baton comes back, wait for it.
        """
        id_, serial = self._read(baton)
        if id_ in self._expired:
            raise StreamExpired
        stream = self._streams.get(id_)
        if stream is None or stream.served.database.id != served.database.id:
            raise BadRequest("Received an invalid baton")
        if serial != stream.serial:
            raise BadRequest("Received a baton that has already been used")
        stream.serial += 1
        await stream.paused.wait()
        if stream.closed:
            raise BadRequest("Received an invalid baton")
        self._run(stream)
        return stream

    def _run(self, stream: Stream) -> None:
        stream.running = True
        stream.paused.clear()

    def pause(self, stream: Stream) -> str | None:
        """Keep a stream for its next request, and return its baton. None if the stream is closed."""
        stream.running, stream.idle_since = False, time.monotonic()
        stream.paused.set()
        if stream.closed:
            self._streams.pop(stream.id, None)
            return None
        self._streams[stream.id] = stream
        return self.baton(stream)

    def keep(self, stream: Stream) -> str:
        """Return the baton of a stream that is still running, for a response that starts before the stream pauses."""
        self._streams[stream.id] = stream
        return self.baton(stream)

    def baton(self, stream: Stream) -> str:
        payload = stream.id.to_bytes(8, "big") + stream.serial.to_bytes(8, "big")
        return base64.b64encode(payload + self._sign(payload)).decode()

    def of(self, served: Served) -> list[Stream]:
        """Return the streams of a database. A stream whose first baton wasn't returned yet isn't among them."""
        return [stream for stream in self._streams.values() if stream.served is served]

    def drop(self, stream: Stream) -> None:
        self._streams.pop(stream.id, None)
        stream.paused.set()

    def overdue(self) -> Iterator[Stream]:
        """Remove the streams that were idle for too long, and yield them.

        For a while, their batons raise StreamExpired.
        """
        now, limits = time.monotonic(), self._limits
        for id_ in [id_ for id_, at in self._expired.items() if at + limits.stream_remembered_seconds < now]:
            del self._expired[id_]
        for stream in list(self._streams.values()):
            if not stream.running and stream.idle_since + limits.stream_idle_seconds < now:
                del self._streams[stream.id]
                self._expired[stream.id] = now
                yield stream

    def _sign(self, payload: bytes) -> bytes:
        return hmac.new(self._secret, payload, hashlib.sha256).digest()

    def _read(self, baton: str) -> tuple[int, int]:
        try:
            decoded = base64.b64decode(baton, validate=True)
        except ValueError:
            decoded = b""
        payload, signature = decoded[:16], decoded[16:]
        if len(payload) != 16 or not hmac.compare_digest(signature, self._sign(payload)):
            raise BadRequest("Received an invalid baton")
        return int.from_bytes(payload[:8], "big"), int.from_bytes(payload[8:], "big")
