"""The interfaces that durable work needs from the pipeline and the store. `app` provides both."""

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
"""Resumes an intent that is still open, probably because a process has crashed."""


class Work(Protocol):
    """The steps of a request's workflow, in order, and the work of a timer. The pipeline implements them.

    Each is safe to run again, because after a crash a step without a stored result is repeated. A request's step that
    raises an error is retried with pauses of up to a minute until it succeeds. After several unexpected exceptions,
    `give_up` replaces it. A timer that raises an error is postponed, for longer each time up to a limit, and its
    workflow ends. Arguments and results are stored as plain JSON, so they must not contain a secret.
    """

    async def begin(self, request_id: str, phase: str) -> BeginResult:
        """Authorize the start, and set the request to EXECUTING. Return `STOP` to end the workflow."""

    async def act(self, request_id: str, phase: str) -> ActResult:
        """Send the change at most once, and return the result of the attempt."""

    async def verify(self, request_id: str, phase: str, acted: ActResult) -> VerifyResult:
        """Return the result of the phase.

        It is read back from Turso, unless the attempt already decides it or the command has no read-back.
        """

    async def finish(self, request_id: str, phase: str, seen: VerifyResult) -> None:
        """Commit the outcome."""

    async def notify(self, request_id: str, phase: str) -> None:
        """Notify the people concerned of the outcome."""

    async def give_up(self, step: StepName, request_id: str, phase: str) -> StepResult:
        """Replace a step that fails repeatedly because of a bug. Return a result for it, or None if it has none."""

    async def fire(self, timer: Timer) -> Timer | None:
        """Do the work of a timer. Return the next timer of its kind and subject, or None."""


class Timers(Protocol):
    """The timers that durable work needs."""

    async def due(self, now: datetime, *, limit: int = 100) -> list[Timer]:
        """Return up to `limit` due timers in the order in which to start them. Leaves out a future `held_until`."""

    async def is_due(self, kind: TimerKind, subject: str, due_at: datetime) -> bool:
        """Return True if the timer still exists with this due time."""

    async def start(
        self, due: Sequence[Timer], held_until: datetime, enqueue: Callable[[Connection, Timer], None]
    ) -> None:
        """Enqueue the work of unchanged timers and set `held_until`, so that the next sweep finds others."""

    async def postpone(self, failed: Timer, held_until: datetime, cause: str) -> None:
        """Count a failure, and set `held_until`. Does nothing if its due time was changed or it was deleted."""

    async def replace(self, fired: Timer, following: Timer | None) -> None:
        """Replace a fired timer with the next one, or delete it. Does nothing if its due time was changed meanwhile."""


class Store(Protocol):
    """The repositories that durable work needs."""

    @property
    def timers(self) -> Timers: ...
    @property
    def intents(self) -> Intents: ...
