"""The path's steps, as durable work calls them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.core.request import Timer
from bot.pipeline.executing import Executor
from bot.pipeline.timers import fire


@dataclass(frozen=True, slots=True)
class PathWork:
    """Fills `bot.durable.work.Work`."""

    executor: Executor

    async def begin(self, request_id: str, phase: str) -> str:
        """Compare the world with the plan, and take the request."""
        return await self.executor.begin(request_id, phase)

    async def act(self, request_id: str, phase: str) -> Mapping[str, Any]:
        """Hand the change over, at most once."""
        return await self.executor.act(request_id, phase)

    async def see(self, request_id: str, phase: str, acted: Mapping[str, Any]) -> Mapping[str, Any]:
        """Read back."""
        return await self.executor.see(request_id, phase, acted)

    async def finish(self, request_id: str, phase: str, seen: Mapping[str, Any]) -> None:
        """Commit the outcome."""
        await self.executor.finish(request_id, phase, seen)

    async def tell(self, request_id: str, phase: str) -> None:
        """Deliver the outcome."""
        await self.executor.tell(request_id, phase)

    async def fire(self, timer: Timer) -> Timer | None:
        """Do what is due."""
        return await fire(self.executor.env, timer)
