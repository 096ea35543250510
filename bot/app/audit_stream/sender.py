"""Sends the audit log to its receiver. The store keeps the number of the last entry that was received."""

import time
from contextlib import aclosing
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog

from bot.app.audit_stream.receivers import Batch, NotReceived, Receiver
from bot.core.audit_formats import WRITERS, Format
from bot.core.ports import Clock
from bot.store.store import SqlStore

log = structlog.get_logger(__name__)

EVERY_SECONDS: Final = 1.0
LEASE: Final = timedelta(seconds=60)
"""Much longer than sending a batch usually takes, so that no second process sends at the same time."""
AT_ONCE: Final = 500
BATCH_CHARACTERS: Final = 500_000
FIRST_PAUSE: Final = 1.0
LONGEST_PAUSE: Final = 120.0


@dataclass(slots=True)
class Sender:
    """Sends the missing entries, in order and at least once. Commands never wait for it."""

    store: SqlStore
    clock: Clock
    receiver: Receiver
    stream: str
    """The receiver's key in the store. A new receiver gets the log from its beginning."""
    format: Format
    owner: str
    """The ID of this process, which holds the lease while it sends."""
    _failures: int = 0
    _not_before: float = 0.0

    async def once(self) -> None:
        """Send everything that the receiver doesn't have yet, unless another process is sending.

        After a failure, or if the receiver wants entries again, calls do nothing during a pause. It grows each time, up
        to `LONGEST_PAUSE`.
        """
        if time.monotonic() < self._not_before:
            return
        while await self._lags():
            now = self.clock.now()
            received = await self.store.audit_streams.lease(self.stream, self.owner, now=now, until=now + LEASE)
            if received is None or not await self._send_after(received):
                return

    async def release(self) -> None:
        """Let another process send now. An unavailable store is ignored, because the lease expires anyway."""
        try:
            await self.store.audit_streams.release(self.stream, self.owner, self.clock.now())
        except Exception as error:
            log.warning("audit.stream_not_released", why=type(error).__name__)

    async def _lags(self) -> bool:
        last, _ = await self.store.audit.head()
        return last > (await self.store.audit_streams.state(self.stream)).seq

    async def _send_after(self, received: int) -> bool:
        """Send the batch after the entry `received`. Returns True if the following batch can be sent now."""
        batch = await self._batch_after(received)
        if batch is None:
            return False
        try:
            wanted = await self.receiver.send(batch, self.clock.now())
        except NotReceived as error:
            await self.store.audit_streams.failed(self.stream, self.owner, str(error))
            self._pause("audit.stream_failed", why=str(error), first=batch.first)
            return False
        repeats = wanted is not None and wanted <= batch.last
        last = wanted - 1 if wanted is not None and repeats else batch.last
        moved = await self.store.audit_streams.received(
            self.stream, self.owner, last, was=received, at=self.clock.now()
        )
        if repeats:
            self._pause("audit.stream_repeated", first=wanted)
            return False
        self._failures = 0
        return moved

    def _pause(self, event: str, **facts: str | int | None) -> None:
        """Send nothing for a while. The pause grows until a batch is received, up to `LONGEST_PAUSE`."""
        self._failures += 1
        pause = min(FIRST_PAUSE * 2.0 ** min(self._failures - 1, 16), LONGEST_PAUSE)
        self._not_before = time.monotonic() + pause
        log.warning(event, attempt=self._failures, again_in=pause, **facts)

    async def _batch_after(self, received: int) -> Batch | None:
        """Return the next entries, up to the limits of a batch. None if there are none."""
        write, lines, size = WRITERS[self.format], list[str](), 0
        async with aclosing(self.store.audit.chain(received)) as rows:
            async for row in rows:
                lines.append(write(row))
                size += len(lines[-1])
                if len(lines) >= AT_ONCE or size >= BATCH_CHARACTERS:
                    break
        return Batch(received + 1, received + len(lines), lines) if lines else None
