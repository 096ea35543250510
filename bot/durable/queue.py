"""The queue of durable work. Processes that execute no workflows themselves use it, too."""

import asyncio
from collections.abc import Awaitable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

from dbos import WorkflowStatus
from sqlalchemy import Connection

from bot.core.records.timers import Timer
from bot.durable.engine import EXECUTE, FIRE, QUEUE, RESUME, SWEEP, VERSION, client, enqueueing
from bot.durable.outages import Describe, explained, type_name

ENDED: Final = ("SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")
BATCH: Final = 500
T = TypeVar("T")


class Queue:
    """Enqueues workflows, and lists and deletes their rows. Must be closed after use.

    Its coroutines, except `close`, raise DurableStoreUnavailable if the database doesn't respond.
    """

    def __init__(self, database: str, describe: Describe = type_name) -> None:
        """Prepare the client. It doesn't connect yet.

        Args:
            database: the store's URL for synchronous drivers.
            describe: turns a database error into a sentence for operators.
        """
        self.client, self._engine = client(database)
        self._describe = describe

    def enqueue(self, connection: Connection, request_id: str, phase: str) -> None:
        """Add the workflow `<request>:<phase>` to a transaction of the store. A second call has no effect."""
        options = enqueueing(EXECUTE, f"{request_id}:{phase}")
        self.client.enqueue_in_transaction(connection, options, request_id, phase)

    def enqueue_timer(self, connection: Connection, timer: Timer) -> None:
        """Add the workflow of a due timer to a transaction of the store, once per due time and retry."""
        self.client.enqueue_in_transaction(
            connection,
            enqueueing(FIRE, timer_workflow(timer)),
            timer.kind.value,
            timer.subject,
            _written(timer.due_at),
            timer.attempt,
            timer.failures,
        )

    async def enqueue_resume(self, intent_id: str) -> None:
        """Enqueue the workflow that resumes an intent."""
        await self._answer(self.client.enqueue_async(enqueueing(RESUME, f"resume:{intent_id}"), intent_id))

    async def ended(self, workflow_ids: Sequence[str]) -> set[str]:
        """Return which of these workflows have ended."""
        if not workflow_ids:
            return set()
        workflows = await self._list(workflow_ids=list(workflow_ids), status=list(ENDED))
        return {one.workflow_id for one in workflows}

    async def forget(self, workflow_ids: Sequence[str]) -> None:
        """Delete the rows of workflows that have ended."""
        if workflow_ids:
            await self._answer(self.client.delete_workflows_async(list(workflow_ids)))

    async def unfinished_by_others(self, executor_id: str) -> dict[str, list[str]]:
        """Return workflows that other executors have begun, by executor. Some may still be running.

        Only the oldest `BATCH` of all executors, including this one, are considered.
        """
        begun = await self._list(status="PENDING", app_version=VERSION, limit=BATCH)
        left: dict[str, list[str]] = {}
        for one in begun:
            if one.executor_id and one.executor_id != executor_id:
                left.setdefault(one.executor_id, []).append(one.workflow_id)
        return left

    async def begun_by(self, executor_id: str) -> list[str]:
        """Return the workflows that one executor has begun and not finished."""
        begun = await self._list(status="PENDING", app_version=VERSION, executor_id=executor_id)
        return [one.workflow_id for one in begun]

    async def resume(self, workflow_ids: Sequence[str]) -> None:
        """Enqueue the workflows of a stopped executor again. Their completed steps don't run again."""
        await self._answer(self.client.resume_workflows_async(list(workflow_ids), queue_name=QUEUE))

    async def stuck(self, *, for_: timedelta) -> list[str]:
        """Return the IDs of up to `BATCH` unfinished workflows except sweeps, enqueued more than `for_` ago."""
        since = (datetime.now(UTC) - for_).isoformat()
        workflows = await self._list(status=["PENDING", "ENQUEUED"], end_time=since, limit=BATCH)
        return [one.workflow_id for one in workflows if one.name != SWEEP]

    async def prune(self, before: datetime, *, names: Sequence[str] = (EXECUTE, FIRE, SWEEP, RESUME)) -> int:
        """Delete the workflows that ended before a time by the machine's clock, and return how many."""
        total = 0
        while True:
            until = before.astimezone(UTC).isoformat()
            old = await self._list(status=list(ENDED), name=list(names), completed_before=until, limit=BATCH)
            await self.forget([one.workflow_id for one in old])
            total += len(old)
            if len(old) < BATCH:
                return total

    async def close(self) -> None:
        """Close the connections."""
        await asyncio.to_thread(self.client.destroy)
        if self._engine is not None:
            await asyncio.to_thread(self._engine.dispose)

    async def _list(self, **which: Any) -> list[WorkflowStatus]:
        return await self._answer(self.client.list_workflows_async(**which, load_input=False, load_output=False))

    async def _answer(self, asked: Awaitable[T]) -> T:
        with explained(self._describe):
            return await asked


def timer_workflow(timer: Timer) -> str:
    """Return the ID of the workflow that fires a timer. Each retry has its own ID."""
    again = f":{timer.failures}" if timer.failures else ""
    return f"timer:{timer.kind}:{timer.subject}:{_written(timer.due_at)}{again}"


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()
