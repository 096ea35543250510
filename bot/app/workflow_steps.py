"""Adapts the pipeline's steps to the interface that the durable workflows call."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import structlog

from bot.core.records.timers import Timer
from bot.core.requests.step_results import ActResult, BeginResult, StepName, VerifyResult
from bot.durable.protocols import StepResult
from bot.pipeline.environment import Environment
from bot.pipeline.execution import act, begin, failing_steps, finish, verify
from bot.pipeline.execution.comparison import Comparisons
from bot.pipeline.timers.due import fire

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class WorkSteps:
    """Implements `bot.durable.protocols.Work`, the steps of the workflow `<request>:<phase>`."""

    env: Environment
    _comparisons: Comparisons = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_comparisons", Comparisons(self.env.clock))

    async def begin(self, request_id: str, phase: str) -> BeginResult:
        """Authorize the start, check for plan drift, and move the request to EXECUTING."""
        async with self._span("begin", request_id, phase):
            begun = await begin.begin(self.env, self._comparisons, request_id, phase)
        if begun is not BeginResult.GO:
            await self._log_end(request_id)
        return begun

    async def act(self, request_id: str, phase: str) -> ActResult:
        """Send the change to Turso at most once."""
        async with self._span("act", request_id, phase):
            return await act.act(self.env, self._comparisons, request_id, phase)

    async def verify(self, request_id: str, phase: str, acted: ActResult) -> VerifyResult:
        """Return the result of the phase, read back from Turso unless the attempt already decides it."""
        async with self._span("verify", request_id, phase):
            return await verify.verify(self.env, request_id, phase, acted)

    async def finish(self, request_id: str, phase: str, seen: VerifyResult) -> None:
        """Commit the outcome."""
        async with self._span("finish", request_id, phase):
            await finish.finish(self.env, request_id, phase, seen)

    async def notify(self, request_id: str, phase: str) -> None:
        """Notify the requester, and anyone else concerned, of the outcome."""
        async with self._span("notify", request_id, phase):
            await finish.notify(self.env, request_id)
        await self._log_end(request_id)

    async def give_up(self, step: StepName, request_id: str, phase: str) -> StepResult:
        """Replace a step that keeps failing because of a bug, and return a result for it."""
        result = await failing_steps.give_up(self.env, step, request_id, phase)
        if step is StepName.NOTIFY or (step is StepName.BEGIN and result is not BeginResult.GO):
            await self._log_end(request_id)
        return result

    async def _log_end(self, request_id: str) -> None:
        """Log the state of a request in one line, at the end of a phase."""
        try:
            request = await self.env.store.requests.get(request_id)
        except Exception as error:  # the work is done, and must not be repeated because of a log line
            log.warning("operation.ended", request=request_id, outcome="not read", why=type(error).__name__)
            return
        if request is not None:
            fields = {"request": request.id, "command": request.command, "outcome": request.state.value}
            fields |= {"reference": request.intent_id, "user": request.requester, "channel": request.channel_id}
            log.info("operation.ended", **fields, why=request.outcome)

    async def fire(self, timer: Timer) -> Timer | None:
        """Run a due timer. Returns the timer for the next run, or None if there is none."""
        with self.env.traces.span(f"timer {timer.kind.value}"):
            return await fire(self.env, timer)

    @asynccontextmanager
    async def _span(self, step: str, request_id: str, phase: str) -> AsyncIterator[None]:
        """Record a step in the trace of its request."""
        if not self.env.traces.is_on:
            yield
            return
        request = await self.env.store.requests.get(request_id)
        with self.env.traces.span(f"{phase} {step}", follows=request.trace if request else "", request=request_id):
            yield
