"""The probe tokens of this process, and the tasks that try them. The tokens exist only in memory."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog

from bot.commands.base import Probe
from bot.core.requests.proof import Finding

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class ProbeWatch:
    """The probe tokens of one request, by `DbId`."""

    begun: Sequence[Finding]
    probes: dict[str, Probe]
    trying: asyncio.Lock = field(default_factory=asyncio.Lock)
    task: asyncio.Task[None] | None = None


class ProbeWatches:
    """All probe tokens of this process. Its `repr` contains none of them."""

    def __init__(self) -> None:
        self._watches: dict[str, ProbeWatch] = {}

    def __repr__(self) -> str:
        return f"Watches({len(self._watches)})"

    def keep(self, request_id: str, minted: Sequence[tuple[Finding, Probe | None]]) -> None:
        """Store the probe tokens of a request."""
        probes = {finding.database_id: probe for finding, probe in minted if probe is not None}
        self._watches[request_id] = ProbeWatch([finding for finding, _ in minted], probes)

    def of(self, request_id: str) -> ProbeWatch | None:
        """Return the probe tokens of a request, or None if this process doesn't have them."""
        return self._watches.get(request_id)

    def start(self, request_id: str, run: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Start the task that tries a request's tokens, unless it was already started."""
        watch = self._watches[request_id]
        if watch.task is None:
            watch.task = asyncio.create_task(run(), name=f"proof: {request_id}")
            watch.task.add_done_callback(_log_failure)

    def forget(self, request_id: str) -> None:
        """Delete the tokens of a request."""
        self._watches.pop(request_id, None)

    async def close(self) -> None:
        """Cancel every task and delete the tokens."""
        tasks = [watch.task for watch in self._watches.values() if watch.task is not None]
        self._watches.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _log_failure(task: "asyncio.Task[None]") -> None:
    if not task.cancelled() and (error := task.exception()):
        log.error("probe tokens are no longer tried because of a bug", task=task.get_name(), error=type(error).__name__)
