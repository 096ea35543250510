"""The path's steps, as durable work calls them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from bot.core.records.timers import Timer
from bot.durable.protocols import GO
from bot.pipeline.execution.executor import Executor
from bot.pipeline.execution.giving_up import give_up
from bot.pipeline.timers.due import fire

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class WorkSteps:
    """Fills `bot.durable.protocols.Work`."""

    executor: Executor

    async def begin(self, request_id: str, phase: str) -> str:
        """Compare the world with the plan, and take the request."""
        begun = await self.executor.begin(request_id, phase)
        if begun != GO:
            await self._log_end(request_id)
        return begun

    async def act(self, request_id: str, phase: str) -> Mapping[str, Any]:
        """Hand the change over, at most once."""
        return await self.executor.act(request_id, phase)

    async def verify(self, request_id: str, phase: str, acted: Mapping[str, Any]) -> Mapping[str, Any]:
        """Read back."""
        return await self.executor.verify(request_id, phase, acted)

    async def finish(self, request_id: str, phase: str, seen: Mapping[str, Any]) -> None:
        """Commit the outcome."""
        await self.executor.finish(request_id, phase, seen)

    async def tell(self, request_id: str, phase: str) -> None:
        """Deliver the outcome."""
        await self.executor.tell(request_id, phase)
        await self._log_end(request_id)

    async def give_up(self, step: str, request_id: str, phase: str) -> Any:
        """End a step that fails again and again by a fault of ours in such a way that people hear of it."""
        result = await give_up(self.executor, step, request_id, phase)
        if step == "tell" or (step == "begin" and result != GO):
            await self._log_end(request_id)
        return result

    async def _log_end(self, request_id: str) -> None:
        """Log what became of an operation, in one line."""
        try:
            request = await self.executor.env.store.requests.get(request_id)
        except Exception as error:  # the work is done: it must not be done again for the sake of a line
            log.warning("operation.ended", request=request_id, outcome="not read", why=type(error).__name__)
            return
        if request is not None:
            said = {"request": request.id, "command": request.command, "outcome": request.state.value}
            said |= {"reference": request.intent_id, "user": request.requester, "channel": request.channel_id}
            log.info("operation.ended", **said, why=request.outcome)

    async def fire(self, timer: Timer) -> Timer | None:
        """Do what is due."""
        return await fire(self.executor.env, timer)
