"""What durable work needs from the pipeline and from the store; `app` fills both."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Protocol

from sqlalchemy import Connection

from bot.core.ports.intents import Intents
from bot.core.records.timers import Timer, TimerKind
from bot.core.requests.incoming import Incoming
from bot.core.requests.step_results import ActResult, BeginResult, StepName, VerifyResult

StepResult = BeginResult | ActResult | VerifyResult | None
Resume = Callable[[Incoming], Awaitable[None]]
"""Takes up an intent that a crash left without a request and without an answer."""


class Work(Protocol):
    """The path's part of a workflow: its steps, in order.

    Each is safe to run again: a crash after a step, before its result is kept, runs it a second time. A step of a
    request that raises is tried again, with pauses up to a minute, until it goes through; after some faults of ours
    `give_up` takes its place. A timer that raises is put off: each time for longer, without a workflow that waits.
    What goes in and comes out is kept in the database, as plain JSON: never a secret.
    """

    async def begin(self, request_id: str, phase: str) -> BeginResult:
        """Read again, compare, take the request. `STOP`: the workflow ends here."""

    async def act(self, request_id: str, phase: str) -> ActResult:
        """Send the change, at most once, and say what came of it."""

    async def verify(self, request_id: str, phase: str, acted: ActResult) -> VerifyResult:
        """Read back, and say how it ended."""

    async def finish(self, request_id: str, phase: str, seen: VerifyResult) -> None:
        """Commit the outcome."""

    async def tell(self, request_id: str, phase: str) -> None:
        """Deliver the outcome."""

    async def give_up(self, step: StepName, request_id: str, phase: str) -> StepResult:
        """Take the place of a step that fails again and again by a fault of ours; returns what the step would."""

    async def fire(self, timer: Timer) -> Timer | None:
        """Do what is due. The next timer of the same kind and subject, or None when it has done its work."""


class Timers(Protocol):
    """What durable work asks of the timers."""

    async def due(self, now: datetime, *, limit: int = 100) -> list[Timer]:
        """Return timers whose time has come and that are not held back, the longest overdue first."""

    async def is_due(self, kind: TimerKind, subject: str, due_at: datetime) -> bool:
        """Return True while that timer is neither moved nor dropped."""

    async def start(
        self, due: Sequence[Timer], held_until: datetime, enqueue: Callable[[Connection, Timer], None]
    ) -> None:
        """Enqueue the work of timers, and hold them back so that the next look finds others; all in one transaction."""

    async def postpone(self, failed: Timer, held_until: datetime, cause: str) -> None:
        """Count a failure and hold the timer back for a while; not if it was moved meanwhile."""

    async def replace(self, fired: Timer, following: Timer | None) -> None:
        """Replace a timer that has fired by the following one, or drop it; not if it was moved meanwhile."""


class Store(Protocol):
    """What durable work asks of the store."""

    @property
    def timers(self) -> Timers: ...
    @property
    def intents(self) -> Intents: ...
